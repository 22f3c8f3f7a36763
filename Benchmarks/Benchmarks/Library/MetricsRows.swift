// SPDX-License-Identifier: Apache-2.0
// Measuring, finding a series by its labels, and the scrape.

import CoreMetrics
import Sonde

extension Library {
    static func metrics(_ bench: Bench) {
        bench.heading("Metrics")
        let registry = MetricsRegistry()
        let counter = Counter(label: "requests", dimensions: [], factory: registry)
        for threads in [1, 2] {
            bench.row(
                "counter, threads: \(threads)", bar: threads == 1 ? "≤ 2.5 ns" : "≤ 3 ns", operations: 10_000_000,
                threads: threads
            ) { count in
                for _ in 0..<count { counter.increment() }
            }
        }
    }
}
