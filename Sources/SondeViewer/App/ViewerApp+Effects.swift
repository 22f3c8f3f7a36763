// SPDX-License-Identifier: Apache-2.0
// The way of a screen's wish to the world, and of the answer back. While the source is out of reach, questions wait and
// are asked again; the screens hear nothing of it.

import SondeModel
import SondeStorage
import SondeTerminal

extension ViewerApp {
    mutating func perform(_ wish: ScreenEffect, of screen: Int) -> [Effect<Message>] {
        switch wish {
        case .ask(let request, let slot, let interval):
            return ask(
                Question(screen: screen, request: request, slot: slot ?? request.slot, interval: interval))
        case .withdraw(let slot): return withdraw(slot, of: screen)
        case .compute(let slot, let work):
            let serial = expect(slot, of: screen)
            return [
                .run(key: Self.key(screen, slot)) {
                    .computed(screen: screen, slot: slot, serial: serial, await work())
                }
            ]
        case .wake(let slot, let time):
            let serial = expect(slot, of: screen)
            return [.after(key: Self.key(screen, slot), time, .woken(screen: screen, slot: slot, serial: serial))]
        case .open(let place): return open(place)
        case .back: return back()
        case .notice(let text):
            notice = text
            return []
        case .copy(let text): return copy(text)
        case .export(let export): return save(export)
        case .mark(let trace):
            mark(trace)
            return []
        case .setRange(let range): return set(range)
        case .perform(let action): return perform(action)
        }
    }

    // MARK: Questions

    static func key(_ screen: Int, _ slot: String) -> String { "\(screen)/\(slot)" }

    /// Notes that something is waited for; what the slot waited for before is not any more.
    private mutating func expect(_ slot: String, of screen: Int) -> Int {
        nextSerial += 1
        pending[screen, default: [:]][slot] = Pending(serial: nextSerial)
        asleep[screen]?[slot] = nil
        return nextSerial
    }

    /// Whether this is what the slot waits for; it then waits no longer.
    mutating func isAwaited(_ screen: Int, _ slot: String, _ serial: Int) -> Bool {
        guard pending[screen]?[slot]?.serial == serial else { return false }
        pending[screen]?[slot] = nil
        return true
    }

    /// A question of the app itself.
    mutating func ask(_ request: Request, slot: String) -> [Effect<Message>] {
        ask(Question(screen: Self.own, request: request, slot: slot, interval: nil))
    }

    mutating func ask(_ question: Question) -> [Effect<Message>] {
        guard outage == nil else {
            _ = expect(question.slot, of: question.screen)
            wait(with: question)
            return [.cancel(key: Self.key(question.screen, question.slot))]
        }
        return [send(question)]
    }

    private mutating func send(_ question: Question) -> Effect<Message> {
        let serial = expect(question.slot, of: question.screen)
        let (connection, now) = (connection, now)
        return .run(key: Self.key(question.screen, question.slot)) {
            .answered(question, serial: serial, await connection.answer(question.request, now: now))
        }
    }

    private mutating func withdraw(_ slot: String, of screen: Int) -> [Effect<Message>] {
        pending[screen]?[slot] = nil
        asleep[screen]?[slot] = nil
        outage?.waiting.removeAll { $0.screen == screen && $0.slot == slot }
        return [.cancel(key: Self.key(screen, slot))]
    }

    mutating func receive(
        _ answer: Result<Answer, ReadError>, to question: Question, _ serial: Int
    ) -> [Effect<Message>] {
        guard isAwaited(question.screen, question.slot, serial) else { return [] }
        if case .failure(.unreachable(let reason)) = answer { return lost(question, reason) }
        var effects = found()
        if question.screen == Self.own {
            effects += receiveOwn(answer, to: question)
        } else {
            effects += update(question.screen) { $0.receive(answer, for: question.request, $1) }
        }
        return effects + askAgain(question)
    }

    /// A live question is asked again after a while, if its screen is in sight and has not asked another one since.
    private mutating func askAgain(_ question: Question) -> [Effect<Message>] {
        guard let interval = question.interval, pending[question.screen]?[question.slot] == nil else { return [] }
        guard question.screen == current?.id else {
            asleep[question.screen, default: [:]][question.slot] = .question(question)
            return []
        }
        return [.after(key: Self.key(question.screen, question.slot), interval, .again(question))]
    }

    // MARK: A source out of reach

    private mutating func lost(_ question: Question, _ reason: String) -> [Effect<Message>] {
        let isNew = outage == nil
        if isNew { outage = Outage(reason: reason, waiting: []) }
        outage?.reason = reason
        wait(with: question)
        return [.after(key: "retry", Limits.retryInterval, .retry)]
    }

    private mutating func wait(with question: Question) {
        outage?.waiting.removeAll { $0.screen == question.screen && $0.slot == question.slot }
        outage?.waiting.append(question)
    }

    /// Asks all that waits, or whether the source is back if nothing does, and comes again until an answer has come.
    mutating func retry() -> [Effect<Message>] {
        guard var waiting = outage?.waiting else { return [] }
        outage?.waiting = []
        if waiting.isEmpty, pending[Self.own]?["services"] == nil {
            waiting = [Question(screen: Self.own, request: .services, slot: "services", interval: nil)]
        }
        return waiting.map { send($0) } + [.after(key: "retry", Limits.retryInterval, .retry)]
    }

    /// An answer came: whatever still waits is asked as well.
    private mutating func found() -> [Effect<Message>] {
        guard let waiting = outage?.waiting else { return [] }
        outage = nil
        notice = StyledText(source.name + " answers", .good)
        return [.cancel(key: "retry")] + waiting.flatMap { ask($0) }
    }

    // MARK: What the app asks itself

    func isLooking(for slot: String) -> Bool { pending[Self.own]?[slot] != nil }

    mutating func look(for prefix: TraceIDPrefix, _ slot: String) -> [Effect<Message>] {
        ask(.traceIDs(prefix, limit: 2), slot: slot)
    }

    private mutating func receiveOwn(
        _ answer: Result<Answer, ReadError>, to question: Question
    ) -> [Effect<Message>] {
        switch (answer, question.request) {
        case (.success(.services(let list)), _):
            services = list.map(\.name)
            hues = ServiceHues(services)
            return []
        case (.success(.traceIDs(let ids)), .traceIDs(let prefix, _)): return found(ids, prefix, question.slot)
        case (.failure(let error), _):
            notice = StyledText(error.reason, .bad)
            return []
        default: return []
        }
    }

    private mutating func found(
        _ ids: [TraceID], _ prefix: TraceIDPrefix, _ slot: String
    ) -> [Effect<Message>] {
        guard let id = ids.first else {
            notice = StyledText("no trace begins with \(prefix.digits); it may not have arrived yet", .notice)
            return []
        }
        guard ids.count == 1 else {
            notice = StyledText("more than one trace begins with \(prefix.digits); give more digits", .notice)
            return []
        }
        switch (slot, settings.start) {
        case ("first", .trace(_, let focus)): return open(.trace(id, focus: focus))
        case ("first", .diff(_, nil)): return open(.diff(id))
        case ("first", .diff), ("second", .diff): return foundForDiff(id, slot)
        default: return open(.trace(id))
        }
    }

    /// Both traces of a comparison have to be known; which of them comes first is not.
    private mutating func foundForDiff(_ id: TraceID, _ slot: String) -> [Effect<Message>] {
        marked = slot == "first" ? [id] + marked : marked + [id]
        return marked.count == 2 ? open(.diff(marked[0], marked[1])) : []
    }

    // MARK: The rest

    mutating func copy(_ text: String) -> [Effect<Message>] {
        notice = StyledText("copied: " + text, .good)
        return [.copy(text)]
    }

    private mutating func save(_ export: ViewerExport) -> [Effect<Message>] {
        guard let save = source.save else {
            notice = StyledText("nothing can be written here", .notice)
            return []
        }
        return [
            .run(key: "save") {
                do throws(ReadError) { return .saved(.success(try await save(export))) } catch {
                    return .saved(.failure(error))
                }
            }
        ]
    }

    private mutating func mark(_ trace: TraceID) {
        if let place = marked.firstIndex(of: trace) {
            marked.remove(at: place)
            notice = StyledText("mark taken back", .faint)
            return
        }
        marked = marked.suffix(1) + [trace]
        notice = StyledText(
            marked.count == 1
                ? "marked; mark another trace, then 5 compares them (5 now: with the typical trace of its operation)"
                : "two traces are marked; 5 compares them", .good)
    }

    mutating func set(_ range: TimeRange) -> [Effect<Message>] {
        guard range != self.range else { return [] }
        self.range = range
        // Screens out of sight hear of it when they come back.
        for tab in tabs {
            for open in tab.stack where open.id != current?.id {
                asleep[open.id, default: [:]][Self.rangeSlot] = .range
            }
        }
        return update { $0.rangeChanged($1) }
    }

    /// Under which the news of another range of time waits; no screen's slot is called that.
    static let rangeSlot = "\u{0}range"
}
