// SPDX-License-Identifier: Apache-2.0
// The door for traces that somebody wants to keep.

package import SondeModel

/// A trace that retention spares.
package struct TracePin: Hashable, Sendable {
    package var traceID: TraceID
    /// Why it is kept, in the words of whoever pinned it; may be empty.
    package var note: String
    /// When it was first pinned.
    package var time: Timestamp

    package init(traceID: TraceID, note: String, time: Timestamp) {
        self.traceID = traceID
        self.note = note
        self.time = time
    }

    /// Bytes of the longest note: a few sentences, not a document.
    package static let maxNoteBytes = 1_024
}

/// Keeps traces that retention would let go of: whatever has arrived of them and whatever still arrives.
///
/// - A pin holds until it is taken back, over restarts, and whatever age and size retention allow.
/// - Pinning again replaces the note and nothing else.
/// - A store bounds how many pins it takes and how much they may hold; beyond it throws ``ReadError/invalid(_:)``.
/// - MAY be called from many tasks at once.
package protocol TracePins: Sendable {
    /// Pins a trace; nil if no span of it is stored.
    func pin(_ id: TraceID, note: String) async throws(ReadError) -> TracePin?

    /// Takes a pin back; false if the trace was not pinned. Its spans are subject to retention again.
    func unpin(_ id: TraceID) async throws(ReadError) -> Bool

    /// All pins, latest first, ties by trace id.
    func pins() async throws(ReadError) -> [TracePin]
}

extension TracePin {
    /// Refuses a note that is too long.
    package static func check(note: String) throws(ReadError) {
        guard note.utf8.count <= maxNoteBytes else {
            throw .invalid("the note has \(note.utf8.count) bytes; the limit is \(maxNoteBytes)")
        }
    }
}
