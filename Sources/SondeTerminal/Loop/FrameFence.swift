// SPDX-License-Identifier: Apache-2.0
// Whether the next picture may be sent. That the kernel took the last one says little: behind it may lie a slow network
// with seconds of pictures in its buffers, each older than what the person waits for. So each picture ends with a
// question (DSR, "are you well?"), and only so many may be unanswered. Terminals that don't answer are not waited for.

struct FrameFence {
    /// `ESC [ 5 n`; terminals answer `ESC [ 0 n`.
    static let question = Array("\u{1B}[5n".utf8)

    private(set) var unanswered = 0
    private var answers = 0
    private var questions = 0
    /// Whether it answered, and not too late, since it last failed to.
    private var isAnswering = false
    private var deadline: ContinuousClock.Instant?
    /// Whether the loop waits to hear that it may go on.
    private var isOwing = false

    /// What to write behind a picture.
    mutating func ask() -> [UInt8] {
        // One that never answered by now never will.
        guard answers > 0 || questions < Limits.questionsWithoutAnswer else { return [] }
        questions += 1
        unanswered += 1
        return Self.question
    }

    /// Everything is out.
    /// - Returns: whether the next picture may follow at once.
    mutating func flushed(now: ContinuousClock.Instant) -> Bool {
        isOwing = isAnswering && unanswered >= Limits.unansweredPictures
        deadline = isOwing ? now + Limits.answerPause : nil
        return !isOwing
    }

    /// - Returns: whether this is what the next picture waited for.
    mutating func answered(_ count: Int) -> Bool {
        answers += count
        unanswered = max(0, unanswered - count)
        isAnswering = true
        guard isOwing, unanswered < Limits.unansweredPictures else { return false }
        (isOwing, deadline) = (false, nil)
        return true
    }

    /// How long to wait for an answer; nil if nothing waits.
    func patience(now: ContinuousClock.Instant) -> Duration? { deadline.map { max(.zero, $0 - now) } }

    /// - Returns: whether the next picture waited too long for an answer and may go on without.
    mutating func expired(now: ContinuousClock.Instant) -> Bool {
        guard let deadline, now >= deadline else { return false }
        forget()
        return true
    }

    /// The terminal was someone else's meanwhile: what was asked before won't be answered to us.
    mutating func forget() {
        (isAnswering, isOwing, deadline, unanswered) = (false, false, nil, 0)
    }

    /// Whether answers may be on their way that the shell should not get.
    var expectsAnswers: Bool {
        unanswered > 0 && (isAnswering || (answers == 0 && questions < Limits.questionsWithoutAnswer))
    }
}
