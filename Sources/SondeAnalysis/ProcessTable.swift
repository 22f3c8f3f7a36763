// SPDX-License-Identifier: Apache-2.0
// Which process each span of a trace ran in, and which processes share a clock.

import SondeModel

struct ProcessTable {
    /// For each span the index of its process.
    private(set) var processOf: [Int] = []
    private(set) var services: [String] = []
    /// What names the machine, where the resource says so; else empty.
    private var hosts: [String] = []

    private struct Identity: Hashable {
        var service: String
        var instance: String
        var host: String
    }

    init(_ trace: Trace) {
        var known: [Identity: Int] = [:]
        // Spans that arrived together share their resource, so that most comparisons are of addresses.
        var recent: [(resource: Resource, process: Int)] = []
        processOf.reserveCapacity(trace.spans.count)
        for index in trace.spans.indices {
            if let place = recent.firstIndex(where: { $0.resource == trace.spans[index].resource }) {
                processOf.append(recent[place].process)
                continue
            }
            let resource = trace.spans[index].resource
            let process = add(Self.identity(resource), to: &known)
            processOf.append(process)
            if recent.count == Self.recentResources { recent.removeFirst() }
            recent.append((resource, process))
        }
    }

    /// A trace rarely has more resources at once; beyond, each is looked at anew.
    private static let recentResources = 16

    /// Whether the two spans were timed by one clock: one process, or two on one named machine.
    func shareClock(_ a: Int, _ b: Int) -> Bool {
        let (a, b) = (processOf[a], processOf[b])
        return a == b || (!hosts[a].isEmpty && hosts[a] == hosts[b])
    }

    private mutating func add(_ identity: Identity, to known: inout [Identity: Int]) -> Int {
        if let process = known[identity] { return process }
        known[identity] = services.count
        services.append(identity.service)
        hosts.append(identity.host)
        return services.count - 1
    }

    private static func identity(_ resource: Resource) -> Identity {
        let host = resource.attributes["host.id"] ?? resource.attributes["host.name"]
        return Identity(
            service: resource.serviceName, instance: resource.attributes["service.instance.id"]?.text ?? "",
            host: host?.text ?? "")
    }
}
