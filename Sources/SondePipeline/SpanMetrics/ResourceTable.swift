// SPDX-License-Identifier: Apache-2.0
// The resources that spans came from: what they say is read once, and each is shown as a target.

import SondeModel

/// What a resource says to the other tables.
struct KnownResource {
    /// Its service's name by number.
    var service: Int
    /// Values of the configured dimensions, in their order; empty for none.
    var dimensions: [[UInt8]]
}

struct ResourceTable {
    private struct Row {
        var resource: KnownResource
        var target: TargetSeries
        var last: ContinuousClock.Instant
    }

    private let dimensions: DimensionReader
    private var rows: [Row] = []
    /// By the bytes of the resource, so that a known one costs a lookup.
    private var numbers = ByteNumbers()

    init(dimensions: DimensionReader) { self.dimensions = dimensions }

    var isFull: Bool { rows.count >= PipelineLimits.targets }

    /// Called once for a run of spans with the same resource. What is too large, or one too many, is read each time and
    /// is no target.
    mutating func see(
        _ entry: ResourceEntry, _ base: UnsafePointer<UInt8>, _ names: inout NameTable, _ now: ContinuousClock.Instant
    ) -> KnownResource {
        let body = UnsafeBufferPointer(start: base + entry.body.lowerBound, count: Int(entry.body.count))
        guard body.count <= PipelineLimits.targetBytes else { return read(entry, base, &names, now) }
        if let row = numbers.number(of: body) {
            rows[row].last = now
            names.use(rows[row].resource.service, now)
            return rows[row].resource
        }
        let resource = read(entry, base, &names, now)
        guard !isFull, let service = names[resource.service] else { return resource }
        numbers.add(body, rows.count)
        rows.append(Row(resource: resource, target: Self.target(entry.body, of: service, base), last: now))
        return resource
    }

    private func read(
        _ entry: ResourceEntry, _ base: UnsafePointer<UInt8>, _ names: inout NameTable, _ now: ContinuousClock.Instant
    ) -> KnownResource {
        let name = UnsafeBufferPointer(
            start: base + entry.serviceName.lowerBound, count: Int(entry.serviceName.count))
        var values = dimensions.none
        dimensions.fill(&values, AttributeCursor(base: base, range: entry.body, field: 1), base)
        return KnownResource(service: names.service(name, now), dimensions: values)
    }

    mutating func dropIdle(since moment: ContinuousClock.Instant) {
        guard rows.contains(where: { $0.last < moment }) else { return }
        var kept: [Row] = []
        numbers.renumber { number in
            guard rows[number].last >= moment else { return nil }
            kept.append(rows[number])
            return kept.count - 1
        }
        rows = kept
    }

    func snapshot() -> [TargetSeries] { rows.map(\.target) }

    private static func target(_ body: ByteRange, of service: String, _ base: UnsafePointer<UInt8>) -> TargetSeries {
        let all = (try? ProtobufReader.attributes(base: base, range: body, field: 1)) ?? []
        var target = TargetSeries(job: service, instance: "", attributes: [:])
        for attribute in all {
            let text = String(decoding: SpanNameTemplate.cut(Array(attribute.value.text.utf8)), as: UTF8.self)
            switch attribute.key {
            case "service.name": continue
            case "service.namespace": target.job = text + "/" + service
            case "service.instance.id": target.instance = text
            default:
                guard target.attributes.count < PipelineLimits.targetLabels else { continue }
                target.attributes[attribute.key] = text
            }
        }
        return target
    }
}
