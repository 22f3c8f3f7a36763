// SPDX-License-Identifier: Apache-2.0
// The id of the trace that a request belongs to, told to the caller in a header, so that a person can look it up.

import HTTPTypes
import Hummingbird
import Instrumentation
import ServiceContextModule
import Tracing

enum TraceReference {
    static let headerName = "x-trace-id"

    /// The trace id of the current span: the second part of the `traceparent` that would be sent to a peer.
    /// https://www.w3.org/TR/trace-context/#traceparent-header
    static var current: String? {
        guard let context = ServiceContext.current else { return nil }
        var headers: [String: String] = [:]
        InstrumentationSystem.instrument.inject(context, into: &headers, using: DictionaryInjector())
        let parts = headers["traceparent"]?.split(separator: "-") ?? []
        return parts.count >= 4 ? String(parts[1]) : nil
    }
}

private struct DictionaryInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key.lowercased()] = value
    }
}

/// Adds the trace id to every answer, failures included.
struct TraceReferenceMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    private static let header = HTTPField.Name(TraceReference.headerName)

    func handle(
        _ request: Request, context: ShopContext, next: (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        guard let header = Self.header, let traceID = TraceReference.current else {
            return try await next(request, context)
        }
        do {
            var response = try await next(request, context)
            response.headers[header] = traceID
            return response
        } catch var problem as Problem {
            problem.headers[header] = traceID
            throw problem
        } catch var refusal as HTTPError {
            refusal.headers[header] = traceID
            throw refusal
        }
    }
}
