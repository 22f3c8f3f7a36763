// SPDX-License-Identifier: Apache-2.0
// Questions about names, and about the store as a whole.

import NIOCore
import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct NameQueries: Sendable {
    let reader: any TraceReader

    var routes: [Route] {
        [
            Route(.GET, "/sonde/v1/services") { _ in try await services() },
            Route(.GET, "/sonde/v1/services/{name}/operations") { request in
                try await operations(of: request.match.parameters["name"] ?? "")
            },
            Route(.GET, "/sonde/v1/stats") { _ in try await stats() },
        ]
    }

    private func services() async throws(Refusal) -> Reply {
        let services = try await asking { () async throws(ReadError) in try await reader.services() }
        return .json(NativeJSON.services(services))
    }

    private func operations(of service: String) async throws(Refusal) -> Reply {
        let operations = try await asking { () async throws(ReadError) in try await reader.operations(of: service) }
        return .json(NativeJSON.operations(operations))
    }

    private func stats() async throws(Refusal) -> Reply {
        let statistics = try await asking { () async throws(ReadError) in try await reader.statistics() }
        return .json(NativeJSON.stats(statistics))
    }
}
