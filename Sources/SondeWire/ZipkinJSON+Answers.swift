// SPDX-License-Identifier: Apache-2.0
// The answers of Zipkin's second query API that are no spans: plain lists without an envelope.
//
// https://zipkin.io/zipkin-api/

extension ZipkinJSON {
    /// Services, span names, keys, values: each once, in order.
    package static func names(_ names: some Sequence<String>) -> [UInt8] {
        var json = JSONWriter()
        json.array(Set(names).sorted()) { $0.string($1) }
        return json.bytes
    }

    /// Calls from one service to another.
    package struct DependencyLink: Hashable, Sendable {
        package var parent: String
        package var child: String
        package var callCount: Int
        /// Left out where there is none.
        package var errorCount: Int

        package init(parent: String, child: String, callCount: Int, errorCount: Int) {
            self.parent = parent
            self.child = child
            self.callCount = callCount
            self.errorCount = errorCount
        }
    }

    package static func dependencies(_ links: [DependencyLink]) -> [UInt8] {
        var json = JSONWriter()
        json.array(links) { json, link in
            json.beginObject()
            json.member("parent", link.parent)
            json.member("child", link.child)
            json.member("callCount", link.callCount)
            if link.errorCount > 0 { json.member("errorCount", link.errorCount) }
            json.endObject()
        }
        return json.bytes
    }
}
