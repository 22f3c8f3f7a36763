// SPDX-License-Identifier: Apache-2.0
// The resources that spans came from, each once.

import SondeModel

struct TargetTable {
    private var seen: [[UInt8]: (target: TargetSeries, last: ContinuousClock.Instant)] = [:]

    /// Called once a resource of a batch: by its bytes, so that a known one costs a lookup.
    mutating func see(
        _ resource: ResourceEntry, service: String, _ base: UnsafePointer<UInt8>, _ now: ContinuousClock.Instant
    ) {
        guard resource.body.count <= PipelineLimits.targetBytes else { return }
        let bytes = Array(
            UnsafeBufferPointer(start: base + resource.body.lowerBound, count: Int(resource.body.count)))
        if seen[bytes] != nil {
            seen[bytes]?.last = now
            return
        }
        if seen.count >= PipelineLimits.targets { dropIdle(now) }
        guard seen.count < PipelineLimits.targets else { return }
        seen[bytes] = (Self.target(resource, service, base), now)
    }

    mutating func dropIdle(_ now: ContinuousClock.Instant) {
        let oldest = now - PipelineLimits.seriesIdleTime
        seen = seen.filter { $0.value.last >= oldest }
    }

    /// Resources that differ in nothing that a label shows are one target.
    func snapshot() -> [TargetSeries] {
        Set(seen.values.map(\.target)).sorted {
            ($0.job, $0.instance) != ($1.job, $1.instance)
                ? ($0.job, $0.instance) < ($1.job, $1.instance)
                : $0.attributes.sorted { $0.key < $1.key }.map { $0.key + $0.value }.lexicographicallyPrecedes(
                    $1.attributes.sorted { $0.key < $1.key }.map { $0.key + $0.value })
        }
    }

    private static func target(
        _ resource: ResourceEntry, _ service: String, _ base: UnsafePointer<UInt8>
    ) -> TargetSeries {
        let all = (try? ProtobufReader.attributes(base: base, range: resource.body, field: 1)) ?? []
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
