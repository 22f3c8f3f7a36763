// SPDX-License-Identifier: Apache-2.0
// The lists of names: services, and the operations of one.

package import SondeModel
package import SondeTerminal

package struct ServicesDrawing: Sendable {
    let services: [ServiceSummary]
    let canvas: Canvas
    private let hues: ServiceHues

    package init(_ services: [ServiceSummary], on canvas: Canvas) {
        self.services = services
        self.canvas = canvas
        self.hues = ServiceHues(services.lazy.map(\.name))
    }

    package func lines() -> [StyledText] {
        var table = Table(columns: [
            .init("service", shrinksTo: 8), .init("spans", .right), .init("errors", .right),
            .init("error rate", .right, leavesAt: 1),
        ])
        for service in services {
            table.append([
                hues.text(service.name), StyledText(Quantity.count(service.spanCount)),
                Phrase.errors(service.errorCount), rate(service),
            ])
        }
        return table.lines(width: canvas.width)
    }

    /// In tenths of a percent. A single error in a million never reads as none, nor one success as none.
    private func rate(_ service: ServiceSummary) -> StyledText {
        guard service.errorCount > 0, service.spanCount > 0 else { return StyledText("0 %", .faint) }
        guard service.errorCount < service.spanCount else { return StyledText("100 %", .bad) }
        let tenths = (Double(service.errorCount) * 1000 / Double(service.spanCount)).rounded()
        let whole = min(max(Int(tenths), 1), 999)
        return StyledText("\(whole / 10).\(whole % 10) %", .bad)
    }
}

package struct OperationsDrawing: Sendable {
    let operations: [OperationSummary]
    let canvas: Canvas

    package init(_ operations: [OperationSummary], on canvas: Canvas) {
        self.operations = operations
        self.canvas = canvas
    }

    package func lines() -> [StyledText] {
        var table = Table(columns: [.init("operation", shrinksTo: 8), .init("kind")])
        for operation in operations {
            table.append([StyledText(Phrase.operation(operation.name)), StyledText(operation.kind.name, .faint)])
        }
        return table.lines(width: canvas.width)
    }
}
