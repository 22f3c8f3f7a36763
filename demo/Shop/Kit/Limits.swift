// SPDX-License-Identifier: Apache-2.0
// What bounds the shop: sizes and times, each with its unit and reason.

enum Limits {
    /// The largest request a service reads: 64 KiB. A basket of a hundred lines is about 5 KiB.
    static let maxRequestBytes = 64 << 10
    /// The largest answer read from another service: 1 MiB. The longest is a list of ``maxListedOrders`` orders.
    static let maxAnswerBytes = 1 << 20
    /// Lines in one basket. The reservation is one statement with two parameters a line; SQLite takes 32 766.
    static let maxBasketLines = 100
    /// The most of one item in a basket: no shelf holds more.
    static let maxQuantity = 1_000
    /// Orders in one list, newest first; a person reads no further.
    static let maxListedOrders = 50
    /// How long a service waits for another one. Longer than the slow inventory of the demo, shorter than a person waits.
    static let peerTimeout = Duration.seconds(5)
    /// How long a customer waits for the shop.
    static let customerTimeoutSeconds: Int64 = 30
    /// How long a finished span waits before it is sent. Short, since someone is waiting to see the trace.
    static let exportDelay = Duration.milliseconds(200)
    /// How long the inventory takes with the fault `slow-inventory`: well above everything else in a checkout.
    static let slowInventoryMilliseconds = 800
    /// An item with fewer pieces than this on the shelf is ordered from the supplier.
    static let restockBelow = 20
    /// Pieces on the shelf after the supplier came.
    static let restockTo = 500
}
