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
            Route(.GET, "/sonde/v1/services") { _ in
                .json(NativeJSON.services(try await asking { () async throws(ReadError) in try await reader.services() }))
            },
            Route(.GET, "/sonde/v1/services/{name}/operations") { request in
                let name = request.match.parameters["name"] ?? ""
                return .json(
                    NativeJSON.operations(
                        try await asking { () async throws(ReadError) in try await reader.operations(of: name) }))
            },
            Route(.GET, "/sonde/v1/stats") { _ in
                .json(NativeJSON.stats(try await asking { () async throws(ReadError) in try await reader.statistics() }))
            },
        ]
    }
}
