// SPDX-License-Identifier: Apache-2.0
// Texts without their literals.

import Testing

@testable import SondeAnalysis

@Suite("Shapes")
struct ShapeTests {
    @Test(arguments: [
        ("GET /users/42", "GET /users/{id}"),
        ("GET /users/7/orders/19", "GET /users/{id}/orders/{id}"),
        ("job 550e8400-e29b-41d4-a716-446655440000", "job {id}"),
        ("fetch 4bf92f3577b34da6a3ce929d0e0e4736", "fetch {id}"),
        ("checkout a94a8fe5", "checkout {id}"),
        ("call 10.0.0.17:8080", "call {id}"),
        ("GET /api/v2/s3", "GET /api/v2/s3"),
        ("decade facade", "decade facade"),
        ("orders receive", "orders receive"),
        ("", ""),
        ("SELECT name FROM t WHERE id = 4", "SELECT name FROM t WHERE id = ?"),
        ("größe 12", "größe {id}"),
    ])
    func namesLoseTheirIDs(_ name: String, _ shape: String) {
        #expect(Shape.name(name) == shape)
    }

    @Test(arguments: [
        ("SELECT * FROM t WHERE id IN (1, 2, 3)", "SELECT * FROM t WHERE id IN (?)"),
        ("SELECT * FROM t WHERE id IN (?,?)", "SELECT * FROM t WHERE id IN (?)"),
        ("SELECT * FROM t WHERE id IN ($1, $2 , $3)", "SELECT * FROM t WHERE id IN (?)"),
        ("INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'it''s'), (3, NULL)", "INSERT INTO t (a, b) VALUES (?), (?, NULL)"),
        ("INSERT INTO t (a, b) VALUES (?, ?), (?, ?)", "INSERT INTO t (a, b) VALUES (?)"),
        ("select  a\n from t -- all of them\n where b = 1.5e3", "select a from t where b = ?"),
        (
            "SELECT /* hint */ a FROM t1 WHERE x = :name AND y = @p0 AND z = %s",
            "SELECT a FROM t1 WHERE x = ? AND y = ? AND z = ?"
        ),
        ("SELECT a::text FROM t WHERE b = -1", "SELECT a::text FROM t WHERE b = -?"),
        ("SELECT 'never closed", "SELECT ?"),
        ("SELECT 1 /* never closed", "SELECT ?"),
        ("", ""),
    ])
    func statementsLoseTheirLiterals(_ statement: String, _ shape: String) {
        #expect(Shape.statement(statement) == shape)
    }

    @Test(arguments: [
        ("https://shop.example/users/42?token=abc#top", "https://shop.example/users/{id}"),
        ("/orders/550e8400-e29b-41d4-a716-446655440000/lines", "/orders/{id}/lines"),
    ])
    func urlsLoseQueryAndIDs(_ url: String, _ shape: String) {
        #expect(Shape.url(url) == shape)
    }

    @Test(arguments: [
        ("user 'bob' not found", "user * not found"),
        ("connection to 10.0.0.1:5432 refused after 30ms", "connection to * refused after *"),
        ("can't open \"a b.txt\": errno 2", "can't open *: errno *"),
        ("it's an unclosed ' quote", "it's an unclosed ' quote"),
    ])
    func messagesLoseTheirLiterals(_ message: String, _ shape: String) {
        #expect(Shape.message(message) == shape)
    }

    @Test func longTextsAreCut() {
        let text = "SELECT " + String(repeating: "a, ", count: 100_000)
        #expect(Shape.statement(text).utf8.count <= 1_024)
    }
}
