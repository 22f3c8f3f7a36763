// SPDX-License-Identifier: Apache-2.0
// All key maps of the viewer in one list: for the configuration, which names screens and actions, and for the docs.

package struct ScreenKeys: Sendable {
    /// As the configuration names it.
    package let screen: String
    package let rows: [KeyBinding]
}

extension ViewerKeys {
    /// What works everywhere first, then the screens.
    package static let maps: [ScreenKeys] =
        [ScreenKeys(screen: name, rows: everywhere)] + screens.map { ScreenKeys(screen: $0.name, rows: $0.keys) }

    private static let screens: [any ViewerScreen.Type] = [
        OverviewScreen.self, TracesScreen.self, TraceScreen.self, GraphScreen.self, LogsScreen.self, DiffScreen.self,
    ]
}
