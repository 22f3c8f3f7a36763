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
                Phrase.errors(service.errorCount), Phrase.share(service.errorCount, of: service.spanCount),
            ])
        }
        return table.lines(width: canvas.width)
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
