// SPDX-License-Identifier: Apache-2.0
// Every number that bounds the middleware, with its unit and its reason. What exceeds them is looked up in the registry
// each time, whose own limit on series then holds.

enum Limits {
    /// Pairs of method and scheme that are kept: eleven known methods and two schemes.
    static let keptMethods = 22
    /// Routes that are kept for each method. Services have hundreds.
    static let keptRoutes = 4_096
    /// Pairs of status and error that are kept for each route; they are found by comparing.
    static let keptOutcomes = 32
}
