// SPDX-License-Identifier: Apache-2.0
// What the Trace screen knows of each span beside the trace itself, in columns: some 40 bytes a span, so that a trace of
// 100 000 spans is looked through from end to end within a frame.

package import SondeModel

package struct TraceModel: Sendable {
    package let trace: Trace
    /// The moment from which all times of the screen are counted.
    let origin: Timestamp
    /// Nanoseconds from ``origin`` to the latest end; at least 1.
    let length: UInt64
    /// Nanoseconds from ``origin``, by span.
    private(set) var starts: [UInt64] = []
    private(set) var durations: [UInt64] = []
    private(set) var flags: [SpanFlags] = []
    /// For each span the index of its operation in ``operations``.
    private(set) var operationOf: [UInt32] = []
    private(set) var operations: [Operation] = []
    /// Sorted by name.
    private(set) var services: [String] = []
    private(set) var spanCounts: [Int] = []
    private(set) var repeats = Repeats()
    private(set) var orphans = Orphans()
    /// What is shown of clocks that disagree: the times as sent, or moved.
    let isAdjusted: Bool
    private(set) var errorCount = 0
    /// The span that names the trace.
    let mainRoot: Int?
    /// What has not arrived.
    private(set) var missing = MissingParts()

    struct Operation: Hashable {
        /// Index in ``TraceModel/services``.
        var service: Int
        var name: String
        var kind: SpanKind
        /// Equal for operations that differ in their literals only.
        var shape: UInt32 = 0
    }

    /// - Parameter adjustments: nanoseconds by which each span is moved, or nothing.
    package init(_ trace: Trace, adjustments: [Int64]? = nil) {
        self.trace = trace
        isAdjusted = adjustments != nil
        mainRoot = trace.mainRoot
        let count = trace.spans.count
        var earliest = UInt64.max
        var latest: UInt64 = 0
        starts.reserveCapacity(count)
        durations.reserveCapacity(count)
        for index in 0..<count {
            let moved = adjustments?[index] ?? 0
            let start = trace.spans[index].start.advanced(byNanoseconds: moved).nanoseconds
            let duration = min(trace.spans[index].durationNanoseconds, UInt64.max - start)
            starts.append(start)
            durations.append(duration)
            earliest = min(earliest, start)
            latest = max(latest, start + duration)
        }
        let first = count == 0 ? 0 : earliest
        origin = Timestamp(nanoseconds: first)
        length = max(1, latest > first ? latest - first : 0)
        for index in 0..<count { starts[index] -= first }
        nameOperations()
        readFlags()
        orphans = Orphans(of: trace)
        repeats = Repeats(of: self)
    }

    var count: Int { starts.count }

    /// What tells two models of one trace apart.
    struct Identity: Hashable, Sendable {
        var count: Int
        var origin: Timestamp
        var length: UInt64
        var isAdjusted: Bool
    }

    var identity: Identity { Identity(count: count, origin: origin, length: length, isAdjusted: isAdjusted) }

    func end(_ span: Int) -> UInt64 { starts[span] + durations[span] }

    /// Where the drawn bar of a span ends: an unfinished one goes on to the end of what is known.
    func drawnEnd(_ span: Int) -> UInt64 { flags[span].contains(.unfinished) ? length : end(span) }

    /// Its service's place in ``services``.
    func serviceIndex(of span: Int) -> Int { operations[Int(operationOf[span])].service }
    /// What it shares with operations that differ from its own in literals only.
    func shape(of span: Int) -> Int { Int(operations[Int(operationOf[span])].shape) }
    func service(of span: Int) -> String { services[serviceIndex(of: span)] }
    func name(of span: Int) -> String { operations[Int(operationOf[span])].name }

    /// Whether the row of a span has to say its service: it is not its parent's.
    func isServiceChange(_ span: Int) -> Bool {
        guard let parent = trace.parents[span] else { return true }
        return serviceIndex(of: parent) != serviceIndex(of: span)
    }

    /// The next span of the depth-first order that does not lie below `span`.
    func afterSubtree(of span: Int) -> Int { span + trace.subtreeCounts[span] }

    func hasChildren(_ span: Int) -> Bool { trace.subtreeCounts[span] > 1 }

    /// Spans that run at a moment, counted from ``origin``.
    func concurrency(at moment: UInt64) -> Int {
        var running = 0
        for index in 0..<count where starts[index] <= moment {
            if moment < starts[index] + durations[index] || starts[index] == moment { running += 1 }
        }
        return running
    }

    /// What of a span's duration no child covers.
    func selfNanoseconds(_ span: Int) -> UInt64 {
        var covered: UInt64 = 0
        forEachCovered(span) { covered += $1 - $0 }
        return durations[span] - min(durations[span], covered)
    }

    /// Calls `body` with the stretches, from and to, in which at least one child runs, in order and held inside the span.
    ///
    /// Children come by the start that was sent; where clocks were adjusted they are put in order first.
    func forEachCovered(_ span: Int, _ body: (UInt64, UInt64) -> Void) {
        let end = drawnEnd(span)
        var coveredUntil = starts[span]
        func cover(_ child: Int) {
            let from = max(starts[child], coveredUntil)
            let to = min(drawnEnd(child), end)
            guard from < to else { return }
            body(from, to)
            coveredUntil = to
        }
        guard isAdjusted else { return forEachChild(of: span, cover) }
        var children: [Int] = []
        forEachChild(of: span) { children.append($0) }
        children.sort { starts[$0] < starts[$1] }
        for child in children { cover(child) }
    }

    private func forEachChild(of span: Int, _ body: (Int) -> Void) {
        var child = span + 1
        let after = afterSubtree(of: span)
        while child < after {
            body(child)
            child = afterSubtree(of: child)
        }
    }
}

/// What a row tells of its span by a mark.
struct SpanFlags: OptionSet, Hashable, Sendable {
    var rawValue: UInt16

    static let error = SpanFlags(rawValue: 1 << 0)
    /// Something below it fails.
    static let errorBelow = SpanFlags(rawValue: 1 << 1)
    static let unfinished = SpanFlags(rawValue: 1 << 2)
    static let skewed = SpanFlags(rawValue: 1 << 3)
    static let events = SpanFlags(rawValue: 1 << 4)
    static let exception = SpanFlags(rawValue: 1 << 5)
    static let links = SpanFlags(rawValue: 1 << 6)
}

// MARK: - Making the columns

extension TraceModel {
    private mutating func nameOperations() {
        var known: [Operation: UInt32] = [:]
        var census = ServiceCensus()
        operationOf.reserveCapacity(count)
        for index in trace.spans.indices {
            let operation = Operation(
                service: census.service(of: trace.spans[index].resource), name: trace.spans[index].name,
                kind: trace.spans[index].kind)
            if let place = known[operation] {
                operationOf.append(place)
            } else {
                known[operation] = UInt32(operations.count)
                operationOf.append(UInt32(operations.count))
                operations.append(operation)
            }
        }
        services = census.services
        sortServices()
        nameShapes()
    }

    private mutating func sortServices() {
        let order = services.indices.sorted { services[$0] < services[$1] }
        var place = Array(repeating: 0, count: services.count)
        for (new, old) in order.enumerated() { place[old] = new }
        services = order.map { services[$0] }
        for index in operations.indices { operations[index].service = place[operations[index].service] }
        var counts = Array(repeating: 0, count: services.count)
        for operation in operationOf { counts[operations[Int(operation)].service] += 1 }
        spanCounts = counts
    }

    private mutating func nameShapes() {
        var shapes: [Operation: UInt32] = [:]
        for index in operations.indices {
            var shape = operations[index]
            shape.name = Repeats.shape(of: shape.name)
            operations[index].shape = shapes[shape] ?? UInt32(shapes.count)
            if shapes[shape] == nil { shapes[shape] = UInt32(shapes.count) }
        }
    }

    private mutating func readFlags() {
        flags = Array(repeating: [], count: count)
        missing.parents = trace.missingParents.count
        missing.root = true
        for index in (0..<count).reversed() {
            var own = flags[index]
            if trace.spans[index].isError {
                own.insert(.error)
                errorCount += 1
            }
            if trace.spans[index].end == .zero, trace.spans[index].isUnfinished {
                own.insert(.unfinished)
                missing.unfinished += 1
            }
            if !trace.spans[index].parentSpanID.isValid { missing.root = false }
            if !trace.spans[index].links.isEmpty { own.insert(.links) }
            if !trace.spans[index].events.isEmpty {
                own.insert(.events)
                if trace.spans[index].events.contains(where: \.isException) { own.insert(.exception) }
            }
            if let parent = trace.parents[index] {
                if starts[index] < starts[parent] { own.insert(.skewed) }
                if !own.isDisjoint(with: [.error, .errorBelow]) { flags[parent].insert(.errorBelow) }
            }
            flags[index] = own
        }
    }
}

/// The services of a trace, as spans come by. Those that arrived together share their resource, so that a glance at where
/// its attributes lie mostly tells who it is.
private struct ServiceCensus {
    private(set) var services: [String] = []
    private var places: [String: Int] = [:]
    private var recent: [(address: UnsafeRawPointer?, resource: Resource, service: Int)] = []
    private var latest = 0

    mutating func service(of resource: Resource) -> Int {
        let address = Self.address(of: resource)
        if let place = recent.firstIndex(where: { $0.address == address && address != nil }) {
            return recent[place].service
        }
        if let place = recent.firstIndex(where: { $0.resource == resource }) { return recent[place].service }
        let name = resource.serviceName
        let service = places[name] ?? services.count
        if service == services.count {
            places[name] = service
            services.append(name)
        }
        // The copy that is kept keeps the attributes where they are, so that their address stays theirs.
        let entry = (address, resource, service)
        if recent.count < Limits.recentResources {
            recent.append(entry)
        } else {
            recent[latest] = entry
            latest = (latest + 1) % Limits.recentResources
        }
        return service
    }

    private static func address(of resource: Resource) -> UnsafeRawPointer? {
        guard !resource.attributes.isEmpty else { return nil }
        return resource.attributes.withUnsafeBytes { $0.baseAddress }
    }
}

// MARK: - Missing parents

/// Roots that name a parent which has not arrived, by that parent.
struct Orphans: Sendable {
    /// By missing parent, then by start.
    private var list: [UInt32] = []
    /// Where the children of each missing parent begin; one more at the end.
    private var starts: [Int] = []
    /// For each root among ``list`` its parent's place; sorted by span.
    private var placeOf: [Int: Int] = [:]

    init() {}

    init(of trace: Trace) {
        guard !trace.missingParents.isEmpty else { return }
        var places: [SpanID: Int] = [:]
        for (place, id) in trace.missingParents.enumerated() { places[id] = place }
        starts = Array(repeating: 0, count: trace.missingParents.count + 1)
        var root = 0
        while root < trace.spans.count {
            // A span that is its own ancestor is a root without being an orphan.
            if let place = places[trace.spans[root].parentSpanID] {
                placeOf[root] = place
                starts[place + 1] += 1
            }
            root += trace.subtreeCounts[root]
        }
        for place in trace.missingParents.indices { starts[place + 1] += starts[place] }
        list = Array(repeating: 0, count: placeOf.count)
        var next = starts
        for (root, place) in placeOf.sorted(by: { $0.key < $1.key }) {
            list[next[place]] = UInt32(root)
            next[place] += 1
        }
    }

    /// The missing parent that a root names, by its place in ``SondeModel/Trace/missingParents``.
    func missingParent(of root: Int) -> Int? { placeOf[root] }

    /// By start.
    func children(of place: Int) -> ArraySlice<UInt32> { list[starts[place]..<starts[place + 1]] }

    var parentCount: Int { max(0, starts.count - 1) }
}

extension SpanEvent {
    /// As the conventions of OpenTelemetry name the event that records an exception.
    var isException: Bool { name == "exception" }
}
