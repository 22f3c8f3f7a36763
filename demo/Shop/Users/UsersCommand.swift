// SPDX-License-Identifier: Apache-2.0
// Users: who is who. It knows the people and the tokens they log in with.

import ArgumentParser
import GRDB
import HTTPTypes
import Hummingbird
import Logging

struct UsersCommand: ShopService {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "People and their tokens: tells whose token it is.")
    static let serviceName = "users"

    @Option(help: ShopOptions.portHelp) var port = 9101
    @OptionGroup var options: ShopOptions

    static func migrate(_ migrator: inout DatabaseMigrator) { UsersTables.migrate(&migrator) }

    func addRoutes(to router: Router<ShopContext>, kit: ShopKit) {
        ShopMetric.tokenChecks.begin(["known", "unknown"])
        router.post("/tokens/verify") { request, context in
            let token = try await request.decode(as: TokenQuestion.self, context: context).token
            guard let person = try await UsersTables.person(withToken: token, in: kit.database) else {
                ShopMetric.tokenChecks.count("unknown")
                kit.logger.warning("token not known")
                throw Problem(.notFound, code: "unknown_token", "no user has this token")
            }
            ShopMetric.tokenChecks.count("known")
            kit.logger.info("token verified", metadata: ["user.id": "\(person.id)", "user.name": "\(person.name)"])
            return person
        }
    }
}

struct TokenQuestion: Codable {
    var token: String
}

struct Person: ResponseCodable, Sendable {
    var id: Int
    var name: String
    var email: String
}
