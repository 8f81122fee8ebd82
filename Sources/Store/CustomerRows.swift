import Decisions
import Domain
import GRDBSQLite

// Customers: their rows, how many each account manager has, and what is forgotten of them.

extension RowCodec {
    /// Form 1 had facts alone.
    static let customerForm: UInt8 = 2

    static func write(_ customer: CustomerRecord, into w: inout ByteWriter) {
        w.byte(customerForm)
        // In the order of the keys' bytes, so that the same facts are the same row.
        let facts = customer.facts.sorted { a, b in a.key.utf8.lexicographicallyPrecedes(b.key.utf8) }
        w.list(facts) { w, fact in
            w.text(fact.key)
            switch fact.value {
            case .string(let value):
                w.byte(0)
                w.text(value)
            case .int(let value):
                w.byte(1)
                w.signed(value)
            case .double(let value):
                w.byte(2)
                w.double(value)
            case .bool(let value):
                w.byte(3)
                w.bool(value)
            }
        }
        w.signed(Int64(customer.revision))
        w.bool(customer.isBilled)
        w.list(customer.consumption) { w, one in
            w.signed(Int64(one.month))
            w.double(one.kWh)
        }
        w.list(customer.payments) { w, one in
            w.signed(Int64(one.month))
            w.signed(Int64(one.days))
        }
        w.list(customer.days) { w, one in
            for number in [one.day, one.contacts, one.complaints, one.faults, one.applications] { w.signed(Int64(number)) }
        }
        w.list(customer.channels) { w, one in
            w.signed(Int64(one.month))
            w.text(one.channel)
            w.signed(Int64(one.count))
        }
        w.optional(customer.tier) { w, tier in w.text(tier) }
        w.list(customer.flags) { w, flag in w.text(flag) }
        w.list(customer.held) { w, rule in w.text(rule) }
        w.optional(customer.manager) { w, manager in w.text(manager.rawValue) }
    }

    static func customer(_ id: CustomerID, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> CustomerRecord {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found == 1 || found == customerForm else { throw unknownForm(found, known: customerForm, of: "customer") }
        var facts: [String: FieldValue] = [:]
        _ = try r.list { r throws(RowFault) in
            let key = try r.text()
            switch try r.byte() {
            case 0: facts[key] = .string(try r.text())
            case 1: facts[key] = .int(try r.signed())
            case 2: facts[key] = .double(try r.double())
            case 3: facts[key] = .bool(try r.bool())
            default: throw RowFault("a fact has a type that this version does not know")
            }
        }
        var customer = CustomerRecord(id: id, facts: facts)
        customer.isBilled = true
        if found > 1 {
            customer.revision = try r.int32()
            customer.isBilled = try r.bool()
            customer.consumption = try r.list { r throws(RowFault) in CustomerRecord.Consumption(month: try r.int32(), kWh: try r.double()) }
            customer.payments = try r.list { r throws(RowFault) in CustomerRecord.Payment(month: try r.int32(), days: try r.int32()) }
            customer.days = try r.list { r throws(RowFault) in
                var day = CustomerRecord.Day(day: try r.int32())
                day.contacts = try r.int32()
                day.complaints = try r.int32()
                day.faults = try r.int32()
                day.applications = try r.int32()
                return day
            }
            customer.channels = try r.list { r throws(RowFault) in
                CustomerRecord.ChannelMonth(month: try r.int32(), channel: try r.text(), count: try r.int32())
            }
            customer.tier = try r.optional { r throws(RowFault) in try r.text() }
            customer.flags = try r.list { r throws(RowFault) in try r.text() }
            customer.held = try r.list { r throws(RowFault) in try r.text() }
            customer.manager = try r.optional { r throws(RowFault) in RoleID(try r.text()) }
        }
        try end(r, of: "customer")
        return customer
    }
}

extension Writer {
    func store(_ change: CommitPlan.CustomerChange) throws(CommitFailure) {
        guard let after = change.after else {
            // Came and went in one batch.
            guard change.revisionBefore != nil else { return }
            let s = try prepared("DELETE FROM customer WHERE account = ?1 AND revision = ?2")
            s.bind(1, change.id.rawValue)
            s.bind(2, Int64(change.revisionBefore ?? 0))
            let key = try key(of: change.id)
            guard try run(s) == 1 else { throw moved(change) }
            if let key {
                let wipe = try prepared("UPDATE secret SET bytes = zeroblob(\(Sealed.keyBytes)) WHERE id = ?1")
                wipe.bind(1, key.number)
                try run(wipe)
            }
            return try load(change.managerBefore, nil)
        }
        var known: (number: Int64, bytes: [UInt8])?
        if change.revisionBefore != nil { known = try key(of: change.id) }
        let key: (number: Int64, bytes: [UInt8])
        if let known { key = known } else { key = try newKey() }
        bytes.reset()
        RowCodec.write(after, into: &bytes)
        let s: Statement
        if let revision = change.revisionBefore {
            s = try prepared("UPDATE customer SET revision = ?2, body = ?3, area = ?5, key = ?6 WHERE account = ?1 AND revision = ?4")
            s.bind(4, Int64(revision))
        } else {
            s = try prepared("INSERT INTO customer (account, revision, body, area, key) VALUES (?1, ?2, ?3, ?5, ?6)")
        }
        s.bind(1, change.id.rawValue)
        s.bind(2, Int64(after.revision))
        s.bind(3, Sealed.seal(bytes.bytes, key: key.bytes, nonce: Self.random(Sealed.nonceBytes)))
        s.bind(6, key.number)
        s.bind(5, after.servedArea?.rawValue)
        guard try run(s) == 1 else { throw moved(change) }
        try load(change.managerBefore, after.manager)
    }

    /// The key of a customer's row; nil: there is no such row, or it has none yet.
    private func key(of customer: CustomerID) throws(CommitFailure) -> (number: Int64, bytes: [UInt8])? {
        let s = try prepared("SELECT s.id, s.bytes FROM customer AS c JOIN secret AS s ON s.id = c.key WHERE c.account = ?1")
        s.bind(1, customer.rawValue)
        do {
            guard try s.step() else { return nil }
            defer { s.reset() }
            return (s.int(0), s.bytes(1) ?? [])
        } catch {
            throw CommitFailure(error, path: path)
        }
    }

    private func newKey() throws(CommitFailure) -> (number: Int64, bytes: [UInt8]) {
        let key = Self.random(Sealed.keyBytes)
        let s = try prepared("INSERT INTO secret (bytes) VALUES (?1)")
        s.bind(1, key)
        try run(s)
        return (sqlite3_last_insert_rowid(connection), key)
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in generator.next() }
    }

    private func moved(_ change: CommitPlan.CustomerChange) -> CommitFailure {
        .defect("a customer is not at revision \(change.revisionBefore ?? 0), where the decision began", path: path)
    }

    private func load(_ before: RoleID?, _ after: RoleID?) throws(CommitFailure) {
        guard before != after else { return }
        for (manager, number) in [(before, Int64(-1)), (after, 1)] {
            guard let manager else { continue }
            let s = try prepared("INSERT INTO manager (id, customers) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET customers = customers + ?2")
            s.bind(1, manager.rawValue)
            s.bind(2, number)
            try run(s)
        }
    }

    /// What stands beside the inputs of a customer, apart from the log: names, telephones, addresses, amounts, what they said.
    ///
    /// It is overwritten where it stands, with as many zeros: when a row is removed SQLite may rebuild the pages beside it, and what it copies
    /// then leaves another's part behind in a page where nothing ever erases it. For the same reason a customer's own row, which comes and grows
    /// between others, is sealed.
    func forget(_ customer: CustomerID) throws(CommitFailure) {
        let s = try prepared(
            "UPDATE personal SET body = zeroblob(length(body)), salt = zeroblob(length(salt)) WHERE customer = ?1 AND \(Looks.isKept("personal"))")
        s.bind(1, customer.rawValue)
        try run(s)
    }
}

extension Looks {
    /// By the index over the few who are looked after, whatever the number of customers.
    static let servedInArea = """
        SELECT c.body, s.bytes, c.account FROM customer AS c LEFT JOIN secret AS s ON s.id = c.key WHERE c.area = ?1 ORDER BY c.account LIMIT ?2
        """

    static let customer = "SELECT c.body, s.bytes FROM customer AS c LEFT JOIN secret AS s ON s.id = c.key WHERE c.account = ?1"

    /// The row on which a statement of these stands.
    static func customer(_ account: CustomerID, _ s: Statement) throws(RowFault) -> CustomerRecord {
        guard let key = s.raw(1) else { return try s.blob(0) { bytes throws(RowFault) in try RowCodec.customer(account, bytes) } }
        guard let sealed = s.raw(0), let body = Sealed.open(sealed, key: key) else { throw RowFault("a customer's row can't be opened with its key") }
        do {
            return try body.withUnsafeBytes { bytes throws(RowFault) in try RowCodec.customer(account, bytes) }
        } catch let fault as RowFault {
            throw fault
        } catch {
            throw RowFault("\(error)")
        }
    }

    /// Of a row of `personal`: nobody has forgotten it.
    static func isKept(_ table: String) -> String { "\(table).salt IS NOT zeroblob(\(LogChain.saltBytes))" }

    static func managerLoads(_ db: OpaquePointer) throws -> [RoleID: Int32] {
        let s = try Statement(db, "SELECT id, customers FROM manager WHERE customers <> 0")
        var loads: [RoleID: Int32] = [:]
        while try s.step() { loads[RoleID(s.text(0))] = Int32(clamping: s.int(1)) }
        return loads
    }
}
