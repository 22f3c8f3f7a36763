// SPDX-License-Identifier: Apache-2.0
// /sonde/v1/openapi.json tells of every route of the native API, and of none that is not there.

import Logging
import NIOHTTP1
import Sonde
import SondePipeline
import SondeStorage
import SondeWire
import Testing

@testable import SondeServer

@Suite(.timeLimit(.minutes(10))) struct NativeAPIDescriptionTests {
    private let routes: [Route] = {
        let doors = Doors(
            configuration: CollectorConfiguration(), store: MemoryStore(), registry: MetricsRegistry(),
            readiness: Readiness(), logger: .quiet)
        let listener = BoundListener(name: .query, address: .loopback(0))
        return doors.dispatcher(for: listener).routes.routes.filter { $0.pattern.hasPrefix("/sonde/v1/") }
    }()

    private func described() throws -> [String: JSONValue] {
        let document = try JSONValue.parse(NativeAPI.document.json)
        var operations: [String: JSONValue] = [:]
        for path in try #require(document["paths"]?.object).list {
            for method in try #require(path.value.object).list {
                operations[method.key.uppercased() + " " + path.key] = method.value
            }
        }
        return operations
    }

    @Test func describesEveryRouteAndNoOther() throws {
        let served = Set(routes.map { "\($0.method.rawValue) \($0.pattern)" })
        let described = Set(try described().keys)
        #expect(served.subtracting(described) == [], "without a description")
        #expect(described.subtracting(served) == [], "not served")
        #expect(served.contains("GET /sonde/v1/openapi.json"))
    }

    @Test func everyParameterOfAPathIsDescribed() throws {
        for (name, operation) in try described() {
            let path = name.split(separator: " ")[1]
            let inPath = path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
                String($0.dropFirst().dropLast())
            }
            let parameters = operation["parameters"]?.array ?? []
            let named = parameters.filter { $0["in"] == .string("path") }.compactMap { $0["name"]?.string }
            #expect(named == inPath, "\(name)")
            #expect(parameters.allSatisfy { $0["in"] != .string("path") || $0["required"] == .bool(true) })
            #expect(Set(parameters.compactMap { $0["name"]?.string }).count == parameters.count, "\(name)")
        }
    }

    @Test func operationsHaveNamesOfTheirOwn() throws {
        let ids = try described().values.compactMap { $0["operationId"]?.string }
        #expect(Set(ids).count == ids.count)
        #expect(try ids.count == described().count)
    }

    @Test func everyNameOfASchemaIsExplained() throws {
        let known = Set(NativeAPI.schemas.map(\.name))
        #expect(known.count == NativeAPI.schemas.count)
        let text = String(decoding: NativeAPI.document.json, as: UTF8.self)
        for piece in text.split(separator: "#/components/schemas/").dropFirst() {
            let name = String(piece.prefix { $0 != "\"" })
            #expect(known.contains(name), "\(name)")
        }
    }

    @Test func everyRefusalHasTheShapeOfErrors() throws {
        for (name, operation) in try described() where name != "GET /sonde/v1/openapi.json" {
            let responses = try #require(operation["responses"]?.object)
            let refusals = responses.list.filter { $0.key >= "400" }
            #expect(!refusals.isEmpty, "\(name)")
            for refusal in refusals {
                let schema = refusal.value["content"]?["application/json"]?["schema"]
                #expect(schema?["$ref"] == .string("#/components/schemas/Error"), "\(name) \(refusal.key)")
            }
        }
    }

    @Test func isServed() async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.get("/sonde/v1/openapi.json"))
            #expect(reply.status == 200)
            #expect(reply["content-type"] == "application/json")
            #expect(try JSONValue.parse(reply.body)["openapi"] == .string("3.1.0"))
        }
    }
}
