// SPDX-License-Identifier: Apache-2.0
// The names that OpenTelemetry's semantic conventions 1.44.0 give to what our instrumentations say, with kind and
// stability. An attribute or metric of ours is in this list or begins with `sonde.`; tests see to it.

/// One attribute of the conventions.
package struct Convention: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case text
        case integer
        case number
        case flag
        case texts
    }

    package enum Stability: Hashable, Sendable {
        case stable
        /// Announced to become stable as it is.
        case candidate
        case development
    }

    package let kind: Kind
    package let stability: Stability

    init(_ kind: Kind, _ stability: Stability) {
        self.kind = kind
        self.stability = stability
    }
}

package enum SemanticConventions {
    package static let attributes: [String: Convention] = [
        // HTTP: https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/
        "http.request.header": Convention(.texts, .stable),
        "http.request.method": Convention(.text, .stable),
        "http.request.method_original": Convention(.text, .stable),
        "http.request.resend_count": Convention(.integer, .stable),
        "http.response.header": Convention(.texts, .stable),
        "http.response.status_code": Convention(.integer, .stable),
        "http.route": Convention(.text, .stable),
        // URLs, peers, networks, errors: what all of them share
        "client.address": Convention(.text, .stable),
        "client.port": Convention(.integer, .stable),
        "error.type": Convention(.text, .stable),
        "exception.message": Convention(.text, .stable),
        "exception.stacktrace": Convention(.text, .stable),
        "exception.type": Convention(.text, .stable),
        "network.local.address": Convention(.text, .stable),
        "network.local.port": Convention(.integer, .stable),
        "network.peer.address": Convention(.text, .stable),
        "network.peer.port": Convention(.integer, .stable),
        "network.protocol.name": Convention(.text, .stable),
        "network.protocol.version": Convention(.text, .stable),
        "network.transport": Convention(.text, .stable),
        "network.type": Convention(.text, .stable),
        "server.address": Convention(.text, .stable),
        "server.port": Convention(.integer, .stable),
        "url.fragment": Convention(.text, .stable),
        "url.full": Convention(.text, .stable),
        "url.path": Convention(.text, .stable),
        "url.query": Convention(.text, .stable),
        "url.scheme": Convention(.text, .stable),
        "user_agent.original": Convention(.text, .stable),
        // Databases: https://opentelemetry.io/docs/specs/semconv/registry/attributes/db/
        "db.collection.name": Convention(.text, .stable),
        "db.namespace": Convention(.text, .stable),
        "db.operation.batch.size": Convention(.integer, .stable),
        "db.operation.name": Convention(.text, .stable),
        "db.query.summary": Convention(.text, .stable),
        "db.query.text": Convention(.text, .stable),
        "db.response.status_code": Convention(.text, .stable),
        "db.stored_procedure.name": Convention(.text, .stable),
        "db.system.name": Convention(.text, .stable),
        "db.response.returned_rows": Convention(.integer, .development),
        // RPC: https://opentelemetry.io/docs/specs/semconv/registry/attributes/rpc/
        "rpc.method": Convention(.text, .candidate),
        "rpc.method_original": Convention(.text, .candidate),
        "rpc.response.status_code": Convention(.text, .candidate),
        "rpc.system.name": Convention(.text, .candidate),
        // Messaging (nothing is stable yet): https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/
        "messaging.batch.message_count": Convention(.integer, .development),
        "messaging.client.id": Convention(.text, .development),
        "messaging.consumer.group.name": Convention(.text, .development),
        "messaging.destination.anonymous": Convention(.flag, .development),
        "messaging.destination.name": Convention(.text, .development),
        "messaging.destination.partition.id": Convention(.text, .development),
        "messaging.destination.subscription.name": Convention(.text, .development),
        "messaging.destination.template": Convention(.text, .development),
        "messaging.destination.temporary": Convention(.flag, .development),
        "messaging.kafka.offset": Convention(.integer, .development),
        "messaging.message.body.size": Convention(.integer, .development),
        "messaging.message.conversation_id": Convention(.text, .development),
        "messaging.message.envelope.size": Convention(.integer, .development),
        "messaging.message.id": Convention(.text, .development),
        "messaging.operation.name": Convention(.text, .development),
        "messaging.operation.type": Convention(.text, .development),
        "messaging.rocketmq.consumption_model": Convention(.text, .development),
        "messaging.rocketmq.namespace": Convention(.text, .development),
        "messaging.servicebus.disposition_status": Convention(.text, .development),
        "messaging.system": Convention(.text, .development),
        // Resources
        "container.id": Convention(.text, .stable),
        "container.image.name": Convention(.text, .stable),
        "container.name": Convention(.text, .development),
        "container.runtime.name": Convention(.text, .development),
        "deployment.environment.name": Convention(.text, .stable),
        "host.arch": Convention(.text, .development),
        "host.id": Convention(.text, .development),
        "host.name": Convention(.text, .development),
        "k8s.cluster.name": Convention(.text, .stable),
        "k8s.container.name": Convention(.text, .stable),
        "k8s.container.restart_count": Convention(.integer, .stable),
        "k8s.deployment.name": Convention(.text, .stable),
        "k8s.namespace.name": Convention(.text, .stable),
        "k8s.node.name": Convention(.text, .stable),
        "k8s.node.uid": Convention(.text, .stable),
        "k8s.pod.ip": Convention(.text, .stable),
        "k8s.pod.name": Convention(.text, .stable),
        "k8s.pod.uid": Convention(.text, .stable),
        "os.description": Convention(.text, .development),
        "os.name": Convention(.text, .development),
        "os.type": Convention(.text, .development),
        "os.version": Convention(.text, .development),
        "process.command": Convention(.text, .candidate),
        "process.command_args": Convention(.texts, .candidate),
        "process.command_line": Convention(.text, .candidate),
        "process.creation.time": Convention(.text, .candidate),
        "process.executable.name": Convention(.text, .candidate),
        "process.executable.path": Convention(.text, .candidate),
        "process.owner": Convention(.text, .candidate),
        "process.parent_pid": Convention(.integer, .candidate),
        "process.pid": Convention(.integer, .candidate),
        "process.runtime.description": Convention(.text, .candidate),
        "process.runtime.name": Convention(.text, .candidate),
        "process.runtime.version": Convention(.text, .candidate),
        "service.instance.id": Convention(.text, .stable),
        "service.name": Convention(.text, .stable),
        "service.namespace": Convention(.text, .stable),
        "service.version": Convention(.text, .stable),
        "telemetry.sdk.language": Convention(.text, .stable),
        "telemetry.sdk.name": Convention(.text, .stable),
        "telemetry.sdk.version": Convention(.text, .stable),
    ]

    /// Metrics and their units.
    package static let metrics: [String: String] = [
        "db.client.operation.duration": "s",
        "http.client.request.duration": "s",
        "http.server.active_requests": "{request}",
        "http.server.request.duration": "s",
        "messaging.client.consumed.messages": "{message}",
        "messaging.client.operation.duration": "s",
        "messaging.client.sent.messages": "{message}",
        "messaging.process.duration": "s",
        "rpc.client.call.duration": "s",
        "rpc.server.call.duration": "s",
    ]
}
