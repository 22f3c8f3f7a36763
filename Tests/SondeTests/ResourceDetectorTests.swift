// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import SondeModel
import Testing

@testable import Sonde

struct ResourceDetectorTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)

    /// A system of the given files and variables.
    private func withPlace(
        _ files: [String: String], _ variables: [String: String] = [:], _ body: (ProcessPlace) throws -> Void
    ) throws {
        let root = "/tmp/sonde-root-\(IdentifierSource().nextSpanID().hex)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (path, text) in files {
            let file = URL(filePath: root + path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        try body(ProcessPlace(root: root, environment: { variables[$0] }, arguments: ["/usr/bin/orders", "--secret"]))
    }

    @Test func withoutAnyFileNothingIsMadeUp() throws {
        try withPlace([:]) { place in
            #expect(place.container.isEmpty && place.kubernetes.isEmpty)
            #expect(place.host["host.id"] == nil && place.host["host.arch"] != nil)
            #expect(place.operatingSystem.count == 1)
            #expect(place.process["process.executable.name"] == .string("orders"))
            #expect(place.process["process.command"] == .string("/usr/bin/orders"))
            #expect(!place.process.values.contains(.string("--secret")))
        }
    }

    @Test(arguments: [
        "12:cpu:/docker/ID\n", "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope\n",
        "1:name=systemd:/kubepods/besteffort/pod12-3/ID\n0::/\n", "0::/system.slice/crio-ID.scope",
        "0::/../cri-containerd:ID\n",
    ])
    func findsTheContainerInItsControlGroup(text: String) throws {
        try withPlace(["/proc/self/cgroup": text.replacing("ID", with: Self.id)]) { place in
            #expect(place.container == ["container.id": .string(Self.id)])
        }
    }

    @Test(arguments: [
        ("1 2 0:1 /var/lib/docker/containers/ID/hostname /etc/hostname rw - ext4 /dev/a rw\n", true),
        ("1 2 0:1 /var/lib/containers/storage/overlay-containers/ID/userdata/hostname /etc/hostname rw\n", true),
        ("1 2 0:1 /io.containerd.grpc.v1.cri/sandboxes/ID/hostname /etc/hostname rw\n", false),
        ("1 2 0:1 / / rw - ext4 /dev/a rw\n", false),
    ])
    func findsTheContainerInItsMounts(text: String, isFound: Bool) throws {
        let files = ["/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": text.replacing("ID", with: Self.id)]
        try withPlace(files) { place in
            #expect(place.container == (isFound ? ["container.id": .string(Self.id)] : [:]))
        }
    }

    @Test func readsHostAndSystem() throws {
        let release = "NAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\nPRETTY_NAME=\"Debian GNU/Linux 12\"\nBAD\n=\n"
        try withPlace(["/etc/machine-id": "abc\n", "/etc/os-release": release]) { place in
            #expect(place.host["host.id"] == .string("abc"))
            #expect(place.operatingSystem["os.name"] == .string("Debian GNU/Linux"))
            #expect(place.operatingSystem["os.version"] == .string("12"))
            #expect(place.operatingSystem["os.description"] == .string("Debian GNU/Linux 12"))
        }
    }

    @Test func variablesOfTheDownwardAPIBeatItsFiles() throws {
        let files = [
            "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "default",
            "/etc/podinfo/namespace": "shop", "/etc/podinfo/uid": "u-1", "/etc/podinfo/name": "orders-1",
            "/etc/podinfo/labels": "app=\"orders\"\ntier=\"back\"\n",
        ]
        try withPlace(files, ["POD_NAME": "orders-2", "K8S_NODE_NAME": "n1", "POD_IP": ""]) { place in
            #expect(
                place.kubernetes == [
                    "k8s.namespace.name": .string("shop"), "k8s.pod.name": .string("orders-2"),
                    "k8s.pod.uid": .string("u-1"), "k8s.node.name": .string("n1"),
                    "k8s.pod.label.app": .string("orders"), "k8s.pod.label.tier": .string("back"),
                ])
        }
        try withPlace([:], ["POD_NAME": "orders-2"]) { #expect($0.kubernetes.isEmpty) }
    }

    @Test func whatIsConfiguredBeatsWhatIsFound() throws {
        try withPlace(["/etc/machine-id": "abc"]) { place in
            var configuration = TelemetryConfiguration(serviceName: "orders")
            configuration.resourceAttributes = ["host.id": "mine", "process.pid": "none"]
            let resource = Resource(configuration, in: place)
            #expect(resource.attributes["host.id"] == .string("mine"))
            #expect(resource.attributes["process.pid"] == .string("none"))
            #expect(resource.attributes["service.name"] == .string("orders"))
            #expect(resource.attributes["telemetry.sdk.name"] == .string("sonde"))
            configuration.resourceDetectors = [.instance]
            let few = Resource(configuration, in: place).attributes.map(\.key)
            #expect(few.contains("service.instance.id") && !few.contains("os.type"))
            configuration.detectsResource = false
            #expect(configuration.resourceDetectors.isEmpty)
        }
    }

    @Test func theInstanceIsAnUUIDThatStays() {
        let parts = ProcessPlace.instance.split(separator: "-")
        #expect(parts.map(\.count) == [8, 4, 4, 4, 12] && parts[2].first == "4")
        #expect(ProcessPlace.instance == ProcessPlace.instance)
    }
}
