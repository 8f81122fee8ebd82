import Decisions
import Domain
import Foundation
import GRDB
import GRDBSQLite
import Testing

@testable import Store

/// A customer's record with names and telephones, or the wish to be forgotten.
func record(_ account: String, _ id: String, name: String? = nil, forget: Bool = false) -> Entry {
    var said = CustomerFacts(customer: CustomerID(account), facts: name.map { ["name": .string($0), "class": .string("residential")] } ?? [:])
    if forget { said.event = .forget }
    return taken(InputCodec.input(.customer(said), id: id, source: SourceID("billing")), changes: forget ? [.forget(CustomerID(account))] : [])
}

/// An input that was accepted without further effect.
func taken(_ input: Input, at: Instant = noon, changes: [Change] = []) -> Entry {
    Entry(
        stimulus: .input(input, Findings()), at: at,
        decision: Decision(receipt: Receipt(id: input.key.id, source: input.key.source, status: .accepted), changes: changes))
}

/// A life of everything that enters a log: reports with and without a personal part, records, customers who are forgotten, signals, rules.
func anyEntry(_ number: Int, _ d: inout Dice) -> Entry {
    let at = minutes(Int64(number))
    let customer = "33\(d.below(20))"
    switch d.below(20) {
    case 0..<7: return taken(sampleReport("r-\(number)", customer: customer, description: "caller \(d.next()) 断线"), at: at)
    case 7..<9: return taken(sampleReport("r-\(number)", description: "nobody's"), at: at)
    case 9..<12: return taken(sampleReport("r-\(number)"), at: at)
    case 12..<15:
        let entry = record(customer, "b-\(number)", name: "张\(d.below(1_000))")
        return Entry(stimulus: entry.stimulus, at: at, decision: entry.decision)
    case 15:
        let entry = record(customer, "b-\(number)", forget: true)
        return Entry(stimulus: entry.stimulus, at: at, decision: entry.decision)
    case 16..<18:
        let input = InputCodec.input(.crew(CrewSignal(crew: CrewID("north-\(d.below(9))"), onDuty: d.chance(50))), id: "c-\(number)", source: SourceID("app"))
        return taken(input, at: at)
    default: return Entry(stimulus: .rules("rules-\(d.below(3))"), at: at, decision: Decision())
    }
}

func fill(_ store: Store, _ count: Int, seed: UInt64) throws {
    var d = Dice(seed: seed)
    var number = 0
    while number < count {
        let size = min(count - number, 1 + d.below(40))
        let entries = (0..<size).map { anyEntry(number + $0, &d) }
        try store.commit(Batch(entries: entries, rulesHash: "rules-\(number * 3 / count)"))
        number += size
    }
}

extension Store {
    /// What `paidan verify` finds.
    func verified(heads: [LogHead] = []) throws -> Verification { try LogVerifier(directory: String(path.dropLast("/paidan.sqlite".count))).run(heads: heads) }
}

/// Somebody with a hand on the file: past every guard of the store.
final class Hand {
    let queue: DatabaseQueue

    init(_ path: String) throws {
        queue = try DatabaseQueue(path: path)
    }

    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try queue.write { db in try db.execute(sql: sql, arguments: arguments) }
    }

    func number(_ sql: String) throws -> Int64? { try queue.read { db in try Int64.fetchOne(db, sql: sql) } }
    func bytes(_ sql: String) throws -> Data? { try queue.read { db in try Data.fetchOne(db, sql: sql) } }
}

extension Database {
    /// What the walk finds in the database as this connection sees it.
    func walked(heads: [LogHead]) throws -> Verification {
        let connection = try #require(sqliteConnection)
        let log = try Data.fetchOne(self, sql: "SELECT log FROM head") ?? Data()
        var walk = try LogWalk(connection, start: LogChain.start(ofLog: Array(log)), logID: "", heads: heads)
        return try walk.run()
    }
}
