// SPDX-License-Identifier: Apache-2.0
// The flags that all services of the shop share.

import ArgumentParser
import Foundation

struct ShopOptions: ParsableArguments {
    static let portHelp: ArgumentHelp = "The port to listen on; 0 takes any free one and says which."

    @Option(help: "The address to listen on.") var host = "127.0.0.1"
    @Option(
        help: ArgumentHelp("The folder of the service's SQLite file.", valueName: "dir"),
        completion: .directory)
    var data = NSTemporaryDirectory() + "sonde-shop"
}
