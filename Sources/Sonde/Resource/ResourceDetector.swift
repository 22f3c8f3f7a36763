// SPDX-License-Identifier: Apache-2.0
// What can be found out about where a service runs, and which of it goes into its resource.
//
// https://opentelemetry.io/docs/specs/semconv/resource/

import SondeModel

/// A part of the resource that is found out at start. Whatever is named in code or by OTEL_RESOURCE_ATTRIBUTES beats it.
public struct ResourceDetector: Hashable, Sendable, CustomStringConvertible {
    let name: String

    /// `host.name`, `host.id` (the machine id of systemd), `host.arch`.
    public static let host = ResourceDetector(name: "host")
    /// `os.type`, `os.name`, `os.version`, `os.description`.
    public static let operatingSystem = ResourceDetector(name: "os")
    /// `process.pid`, `process.parent_pid`, `process.executable.name` and `.path`, `process.command`,
    /// `process.runtime.name` and `.version`. Not the arguments: they may hold secrets.
    public static let process = ResourceDetector(name: "process")
    /// `container.id`, from the cgroups of Linux (version 1 and 2).
    public static let container = ResourceDetector(name: "container")
    /// `k8s.*`, in Kubernetes: from variables filled by the downward API (`K8S_POD_NAME` or `POD_NAME`, and so on for
    /// `K8S_POD_UID`, `K8S_NAMESPACE_NAME` or `POD_NAMESPACE`, `K8S_NODE_NAME`, `K8S_CONTAINER_NAME`,
    /// `K8S_DEPLOYMENT_NAME`, `K8S_CLUSTER_NAME`, `POD_IP`), from its files under `/etc/podinfo` (`name`, `namespace`,
    /// `uid`, `labels`), and from the service account.
    public static let kubernetes = ResourceDetector(name: "kubernetes")
    /// `service.instance.id`: a random UUID for each run of a process.
    public static let instance = ResourceDetector(name: "instance")

    /// Each of them.
    public static let all: Set<ResourceDetector> = [
        .host, .operatingSystem, .process, .container, .kubernetes, .instance,
    ]

    /// The name that SONDE_RESOURCE_DETECTORS knows it by.
    public var description: String { name }

    func detect(in place: ProcessPlace) -> [String: AttributeValue] {
        switch self {
        case .host: place.host
        case .operatingSystem: place.operatingSystem
        case .process: place.process
        case .container: place.container
        case .kubernetes: place.kubernetes
        case .instance: ["service.instance.id": .string(ProcessPlace.instance)]
        default: [:]
        }
    }
}
