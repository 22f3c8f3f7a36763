// SPDX-License-Identifier: Apache-2.0
// Where a process runs, as its files and variables tell. Nothing here waits for a network.

import SondeModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct ProcessPlace: Sendable {
    /// What stands before every path; empty for the real system.
    var root = ""
    var environment: @Sendable (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    var arguments = CommandLine.arguments

    /// The environment of the process.
    static var allVariables: [String: String] {
        var variables: [String: String] = [:]
        var place = environ
        while let entry = place.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            place += 1
        }
        return variables
    }

    private func file(_ path: String) -> String? { FileBytes.text(root + path) }

    // MARK: Host and system

    var host: [String: AttributeValue] {
        var found: [String: AttributeValue] = ["host.arch": .string(Self.architecture)]
        found["host.name"] = Self.hostName.map { .string($0) }
        found["host.id"] = (file("/etc/machine-id") ?? file("/var/lib/dbus/machine-id")).map { .string($0) }
        return found
    }

    var operatingSystem: [String: AttributeValue] {
        var found: [String: AttributeValue] = ["os.type": .string(Self.systemType)]
        let release = Self.assignments(file("/etc/os-release") ?? file("/usr/lib/os-release") ?? "")
        found["os.name"] = release["NAME"].map { .string($0) }
        found["os.version"] = release["VERSION_ID"].map { .string($0) }
        found["os.description"] = release["PRETTY_NAME"].map { .string($0) }
        return found
    }

    /// `NAME="Debian GNU/Linux"`, one a line.
    private static func assignments(_ text: String) -> [String: String] {
        let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let quotes: Set<Character> = ["\"", "'"]
            let value = parts[1].first.map { quotes.contains($0) } == true ? parts[1].dropFirst().dropLast() : parts[1]
            return (String(parts[0]), String(value))
        }
        return Dictionary(pairs) { _, last in last }
    }

    private static var hostName: String? {
        var bytes = [CChar](repeating: 0, count: 256)
        let result = gethostname(&bytes, bytes.count - 1)
        let name = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return result == 0 && !name.isEmpty ? name : nil
    }

    private static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #elseif arch(arm)
            "arm32"
        #elseif arch(s390x)
            "s390x"
        #else
            "unknown"
        #endif
    }

    private static var systemType: String {
        #if os(Linux)
            "linux"
        #elseif canImport(Darwin)
            "darwin"
        #else
            "unknown"
        #endif
    }

    // MARK: Process

    var process: [String: AttributeValue] {
        var found: [String: AttributeValue] = [
            "process.pid": .int(Int64(getpid())), "process.parent_pid": .int(Int64(getppid())),
            "process.runtime.name": .string("swift"), "process.runtime.version": .string(Self.swiftVersion),
        ]
        let path = Self.linkTarget(root + "/proc/self/exe")
        found["process.executable.path"] = path.map { .string($0) }
        found["process.command"] = arguments.first.map { .string($0) }
        if let name = (path ?? arguments.first)?.split(separator: "/").last {
            found["process.executable.name"] = .string(String(name))
        }
        return found
    }

    private static func linkTarget(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 4_096)
        let count = readlink(path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static var swiftVersion: String {
        #if compiler(>=6.4)
            "6.4"
        #elseif compiler(>=6.3)
            "6.3"
        #elseif compiler(>=6.2)
            "6.2"
        #else
            "6.1"
        #endif
    }

    /// A UUID of version 4.
    static let instance: String = {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        for (place, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(place) { text += "-" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }()

    // MARK: Container

    var container: [String: AttributeValue] {
        let id =
            file("/proc/self/cgroup").flatMap(Self.containerID(cgroup:))
            ?? file("/proc/self/mountinfo").flatMap(Self.containerID(mounts:))
        return id.map { ["container.id": .string($0)] } ?? [:]
    }

    /// The last part of a path of version 1: `…/docker/ID`, `…/cri-containerd-ID.scope`, `…/crio-ID.scope`.
    private static func containerID(cgroup: String) -> String? {
        for line in cgroup.split(separator: "\n") {
            guard var name = line.split(separator: "/").last else { continue }
            if name.hasSuffix(".scope") { name = name.dropLast(6) }
            if let dash = name.lastIndex(of: "-") { name = name[name.index(after: dash)...] }
            if let colon = name.lastIndex(of: ":") { name = name[name.index(after: colon)...] }
            if isID(name) { return String(name) }
        }
        return nil
    }

    /// With version 2 the process sees no path of its group; but its host name is a file of its container's folder:
    /// `…/containers/ID/hostname`. A folder `sandboxes` is that of the pod, not of the container.
    private static func containerID(mounts: String) -> String? {
        for line in mounts.split(separator: "\n") {
            let parts = line.split(separator: "/")
            for (place, part) in parts.enumerated().dropLast() where part.hasSuffix("containers") {
                if isID(parts[place + 1]) { return String(parts[place + 1]) }
            }
        }
        return nil
    }

    private static func isID(_ text: Substring) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    // MARK: Kubernetes

    var kubernetes: [String: AttributeValue] {
        let namespace = file("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
        guard namespace != nil || variable(["KUBERNETES_SERVICE_HOST"]) != nil else { return [:] }
        var found: [String: AttributeValue] = [:]
        for line in (file("/etc/podinfo/labels") ?? "").split(separator: "\n") {
            guard let (key, value) = Self.assignments(String(line)).first else { continue }
            found["k8s.pod.label." + key] = .string(value)
        }
        let facts: [(String, String?)] = [
            (
                "k8s.namespace.name",
                variable(["K8S_NAMESPACE_NAME", "POD_NAMESPACE"]) ?? file("/etc/podinfo/namespace") ?? namespace
            ),
            ("k8s.pod.name", variable(["K8S_POD_NAME", "POD_NAME"]) ?? file("/etc/podinfo/name")),
            ("k8s.pod.uid", variable(["K8S_POD_UID", "POD_UID"]) ?? file("/etc/podinfo/uid")),
            ("k8s.pod.ip", variable(["K8S_POD_IP", "POD_IP"])),
            ("k8s.node.name", variable(["K8S_NODE_NAME", "NODE_NAME"])),
            ("k8s.container.name", variable(["K8S_CONTAINER_NAME", "CONTAINER_NAME"])),
            ("k8s.deployment.name", variable(["K8S_DEPLOYMENT_NAME"])),
            ("k8s.cluster.name", variable(["K8S_CLUSTER_NAME"])),
        ]
        for (key, value) in facts { found[key] = value.map { .string($0) } }
        return found
    }

    private func variable(_ names: [String]) -> String? {
        names.lazy.compactMap { environment($0) }.first { !$0.isEmpty }
    }
}
