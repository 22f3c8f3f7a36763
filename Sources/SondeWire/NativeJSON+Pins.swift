// SPDX-License-Identifier: Apache-2.0
// Pins in the native API: {traceId, note, pinnedAt}, and {pins:[…]} of them.

package import SondeModel

extension NativeJSON {
    /// One pin.
    package static func pin(_ id: TraceID, note: String, time: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        json.pin(id, note, time)
        return json.bytes
    }

    package static func pins(_ pins: [(id: TraceID, note: String, time: Timestamp)]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("pins")
        json.array(pins) { $0.pin($1.id, $1.note, $1.time) }
        json.endObject()
        return json.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func pin(_ id: TraceID, _ note: String, _ time: Timestamp) {
        beginObject()
        key("traceId")
        self.id(id)
        member("note", note)
        member("pinnedAt", time)
        endObject()
    }
}
