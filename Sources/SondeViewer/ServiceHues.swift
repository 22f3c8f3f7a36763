// SPDX-License-Identifier: Apache-2.0
// A colour for each service of a drawing: the one that belongs to its name, so that it looks alike everywhere, unless
// another service of the same drawing has it already.

import SondeTerminal

struct ServiceHues {
    private var hues: [String: Role] = [:]

    init(_ services: some Sequence<String>) {
        var taken: Set<Role> = []
        // Sorted, so that the tree and the log lines below it agree.
        for service in Set(services).sorted() {
            var role = Role.hue(of: service)
            for _ in 0..<Role.hueCount where taken.contains(role) { role = role.nextHue }
            taken.insert(role)
            hues[service] = role
        }
    }

    subscript(service: String) -> Role { hues[service] ?? .hue(of: service) }

    func text(_ service: String) -> StyledText { StyledText(service, self[service]) }

    /// The same colour as ground.
    func block(_ service: String) -> Role {
        if case .hue(let number) = self[service] { .block(number) } else { self[service] }
    }
}

extension Role {
    fileprivate var nextHue: Role {
        guard case .hue(let number) = self else { return self }
        return .hue((number + 1) % Role.hueCount)
    }
}
