// SPDX-License-Identifier: Apache-2.0
// Bytes from a terminal to what the person did. A terminal sends keys as characters and escape sequences without any
// frame around them, cut anywhere; this takes them as they come. Understood: xterm and its kin (CSI, SS3, modifiers),
// the Linux console, kitty's CSI-u, SGR and X10 mouse, bracketed paste, focus. What it doesn't know is passed over whole.
//
//    ESC [ parameters intermediates final      CSI     0x30…3F* 0x20…2F* 0x40…7E
//    ESC O final                               SS3
//    ESC ] … BEL or ESC \                      answers to questions, passed over; also ESC P, ESC _, ESC ^, ESC X
//    ESC character                             Alt and the character

package struct InputDecoder: Sendable {
    /// What has come of a sequence that is not whole.
    private var pending: [UInt8] = []
    /// The bytes of a paste so far; nil outside of one.
    private var paste: [UInt8]?
    /// Bytes of pastes that were longer than ``Limits/pasteBytes``.
    package private(set) var droppedPasteBytes = 0
    /// How often the terminal said that it is well (`ESC [ 0 n`), which it does when asked.
    private(set) var statusReports = 0

    package init() {}

    /// How long to wait for more before ``flush(_:)``; nil if nothing is open.
    package var patience: Duration? {
        if paste != nil { return Limits.pastePause }
        return pending.isEmpty ? nil : Limits.escapePause
    }

    package mutating func feed(_ bytes: some Sequence<UInt8>, _ emit: (Input) -> Void) {
        pending += bytes
        var place = 0
        while place < pending.count {
            guard let used = paste == nil ? step(at: place, emit) : pasteStep(at: place, emit) else { break }
            place += used
        }
        pending.removeFirst(place)
    }

    /// Nothing came for a while: what is open is taken for what it is so far. A lone ESC was the key.
    package mutating func flush(_ emit: (Input) -> Void) {
        if paste != nil {
            keepPasted(pending[...])
            pending = []
            return endPaste(emit)
        }
        let rest = pending
        pending = []
        guard let first = rest.first else { return }
        // Half a character shows that something is missing; half a sequence is no key.
        guard first == Byte.escape else { return emit(.key(.character("\u{FFFD}"))) }
        switch rest.count {
        case 1: emit(.key(KeyPress(.escape)))
        case 2 where rest[1] == Byte.escape:
            emit(.key(KeyPress(.escape)))
            emit(.key(KeyPress(.escape)))
        case 2: emit(.key(KeyPress(.character(Character(Unicode.Scalar(rest[1]))), alt: true)))
        default: break
        }
    }
}

enum Byte {
    static let escape: UInt8 = 0x1B
    static let bell: UInt8 = 0x07
    static let pasteEnd: [UInt8] = [escape] + Array("[201~".utf8)
}

// MARK: - Steps. Each takes what begins at a place and returns its length; nil if it is not whole yet.

extension InputDecoder {
    private mutating func step(at place: Int, _ emit: (Input) -> Void) -> Int? {
        pending[place] == Byte.escape ? escape(at: place, emit) : text(at: place, alt: false, emit)
    }

    private mutating func escape(at place: Int, _ emit: (Input) -> Void) -> Int? {
        guard place + 1 < pending.count else { return nil }
        switch pending[place + 1] {
        case UInt8(ascii: "["): return controlSequence(at: place, from: place + 2, alt: false, emit)
        case UInt8(ascii: "O"): return singleShift(at: place, from: place + 2, alt: false, emit)
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"), UInt8(ascii: "X"):
            return string(at: place)
        case Byte.escape: return doubleEscape(at: place, emit)
        default: return text(at: place + 1, alt: true, emit).map { $0 + 1 }
        }
    }

    /// Alt and a key that is a sequence itself, or Escape before something else.
    private mutating func doubleEscape(at place: Int, _ emit: (Input) -> Void) -> Int? {
        guard place + 2 < pending.count else { return nil }
        switch pending[place + 2] {
        case UInt8(ascii: "["): return controlSequence(at: place, from: place + 3, alt: true, emit)
        case UInt8(ascii: "O"): return singleShift(at: place, from: place + 3, alt: true, emit)
        default:
            emit(.key(KeyPress(.escape)))
            return 1
        }
    }

    private mutating func controlSequence(at place: Int, from start: Int, alt: Bool, _ emit: (Input) -> Void) -> Int? {
        var end = start
        while end < pending.count, (0x20..<0x40).contains(pending[end]), end - place < Limits.sequenceBytes { end += 1 }
        guard end - place < Limits.sequenceBytes else { return end - place }
        guard end < pending.count else { return nil }
        // Something else began in the middle: what was there is passed over.
        guard (0x40..<0x7F).contains(pending[end]) else { return end - place }
        let length = end + 1 - place
        let sequence = ControlSequence(pending[start..<end], final: pending[end])
        // What a terminal reports comes at any time, also right behind the Escape key.
        if alt, !sequence.isKey {
            emit(.key(KeyPress(.escape)))
            return 1
        }
        if sequence.isX10Mouse {
            guard end + 3 < pending.count else { return nil }
            if let mouse = MouseCode.x10(pending[(end + 1)...(end + 3)]) { emit(.mouse(mouse)) }
            return length + 3
        }
        // The Linux console's F1 to F5: ESC [ [ A.
        if pending[end] == UInt8(ascii: "["), end == start {
            guard end + 1 < pending.count else { return nil }
            let number = Int(pending[end + 1]) - Int(UInt8(ascii: "A")) + 1
            if (1...5).contains(number) { emit(.key(KeyPress(.function(number), alt: alt))) }
            return length + 1
        }
        if sequence.isStatusReport { statusReports += 1 }
        if sequence.isPasteStart {
            paste = []
        } else if var input = sequence.input {
            if alt, case .key(var press) = input {
                press.alt = true
                input = .key(press)
            }
            emit(input)
        }
        return length
    }

    private func singleShift(at place: Int, from start: Int, alt: Bool, _ emit: (Input) -> Void) -> Int? {
        var end = start
        // Old terminals put the modifiers here: ESC O 5 A.
        while end < pending.count, (0x30..<0x3A).contains(pending[end]), end - start < 2 { end += 1 }
        guard end < pending.count else { return nil }
        guard (0x40..<0x7F).contains(pending[end]) else { return end - place }
        if var press = KeyCode.singleShift(pending[end]) {
            press.apply(modifiers: Int(pending[start..<end].reduce(0) { $0 * 10 + Int($1 - 0x30) }))
            if alt { press.alt = true }
            emit(.key(press))
        }
        return end + 1 - place
    }

    /// An answer of the terminal; nobody waits for one.
    private func string(at place: Int) -> Int? {
        for end in (place + 2)..<max(place + 2, pending.count) {
            if pending[end] == Byte.bell { return end + 1 - place }
            guard pending[end] == Byte.escape else { continue }
            guard end + 1 < pending.count else { return nil }
            return pending[end + 1] == UInt8(ascii: "\\") ? end + 2 - place : end - place
        }
        return pending.count - place > Limits.pasteBytes ? pending.count - place : nil
    }

    private func text(at place: Int, alt: Bool, _ emit: (Input) -> Void) -> Int? {
        let byte = pending[place]
        if byte < 0x80 {
            emit(.key(KeyCode.ascii(byte, alt: alt)))
            return 1
        }
        guard let length = UTF8Length.of(pending[place...]) else { return nil }
        let text = String(decoding: pending[place..<place + length], as: UTF8.self)
        emit(.key(KeyPress(.character(text.first ?? "\u{FFFD}"), alt: alt)))
        return length
    }
}

// MARK: - Paste

extension InputDecoder {
    /// Takes bytes up to the end of the paste; bytes that may be the beginning of its end wait.
    private mutating func pasteStep(at place: Int, _ emit: (Input) -> Void) -> Int? {
        let end = Byte.pasteEnd
        var stop = place
        while stop < pending.count {
            let rest = pending[stop...].prefix(end.count)
            if rest.elementsEqual(end.prefix(rest.count)) { break }
            stop += 1
        }
        keepPasted(pending[place..<stop])
        guard stop + end.count <= pending.count else { return stop > place ? stop - place : nil }
        endPaste(emit)
        return stop + end.count - place
    }

    private mutating func keepPasted(_ bytes: ArraySlice<UInt8>) {
        let room = max(0, Limits.pasteBytes - (paste?.count ?? 0))
        paste? += bytes.prefix(room)
        droppedPasteBytes += max(0, bytes.count - room)
    }

    private mutating func endPaste(_ emit: (Input) -> Void) {
        emit(.paste(String(decoding: paste ?? [], as: UTF8.self)))
        paste = nil
    }
}
