import Decisions
import Domain
import Foundation
import GRDB
import Testing

@testable import Store

@Suite struct ChainTests {
    let folder: Folder
    init() throws { folder = try Folder() }

    private func contains(_ path: String, _ text: String) throws -> Bool {
        try Data(contentsOf: URL(fileURLWithPath: path)).range(of: Data(text.utf8)) != nil
    }

    @Test func `A head reads back, and nothing else is one`() throws {
        let head = LogHead(number: 1_042, hash: LogChain.start(ofLog: [1, 2]))
        #expect(LogHead(head.description) == head)
        #expect(LogHead(head.description.uppercased()) == head)
        for wrong in ["", "12", "12:", ":\(head.hash.hex)", "-1:\(head.hash.hex)", "12:\(head.hash.hex):", "12:\(head.hash.hex.dropLast())", "x:\(head.hash.hex)"] {
            #expect(LogHead(wrong) == nil, "\(wrong)")
        }
    }

    /// What is shifted from one column to the next, and nothing in place of an empty text, are other entries.
    @Test func `Every column has its own place in the hash`() {
        func hash(_ words: ContextWords = ContextWords(rules: "r", engine: "e"), _ change: (inout LogRow) -> Void) -> Hash256 {
            var row = LogRow(number: 1, at: 2, kind: 3, context: 4)
            row.source = "ab"
            row.id = "c"
            row.body = [1]
            change(&row)
            var bytes = ByteWriter()
            return row.hash(after: LogChain.start(ofLog: []), words, &bytes)
        }
        let hashes = [
            hash { _ in }, hash { row in (row.source, row.id) = ("a", "bc") }, hash { $0.source = nil }, hash { $0.source = "" }, hash { $0.digest = [] },
            hash { row in (row.receipt, row.body) = ([1], nil) }, hash { row in (row.digest, row.body) = ([1], nil) }, hash { $0.body = [1, 0] },
            hash { $0.part = LogChain.start(ofLog: []) }, hash(ContextWords(rules: "re", engine: "")) { _ in }, hash(ContextWords(rules: "", engine: "re")) { _ in },
            hash { $0 = LogRow(number: 1, at: 2, kind: 3, context: 4) }, hash { $0 = LogRow(number: 2, at: 1, kind: 3, context: 4) },
            hash { $0 = LogRow(number: 1, at: 2, kind: 4, context: 3) },
        ]
        #expect(Set(hashes).count == hashes.count)
    }

    @Test func `A log is whole while it is written and after the stop, and verifying leaves nothing behind`() throws {
        let store = try Store(directory: folder.path)
        #expect(try store.verified() == Verification(logID: store.logID, head: store.logHead))
        try fill(store, 300, seed: 7)
        let during = try store.verified(heads: [store.logHead])
        #expect(during.isSound && during.entries == 300 && during.headsAgreed == 1 && during.head == store.logHead && during.since == noon, "\(during)")
        let head = store.logHead
        try store.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: store.path))
        #expect(try store.verified(heads: [head]) == during)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["lock", "paidan.sqlite"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: store.path)) == before)
        // The next start goes on where the last one ended, under the same name.
        let again = try Store(directory: folder.path)
        #expect(again.logHead == head && again.logID == store.logID)
        try again.commit(batch(taken(sampleReport("later"))))
        #expect(try again.verified(heads: [head]).entries == 301)
    }

    @Test func `A batch that fails leaves the head where it was`() throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(taken(sampleReport("r-1"))))
        let head = store.logHead
        #expect(failure { () throws(CommitFailure) in try store.commit(batch(taken(sampleReport("r-2")), taken(sampleReport("r-1")))) }?.isConflict == true)
        #expect(store.logHead == head)
        try store.commit(batch(taken(sampleReport("r-3"))))
        #expect(try store.verified(heads: [head, store.logHead]).isSound)
    }

    // MARK: What is forgotten

    private let said = sampleReport("r-1", customer: "330", description: "王芳, 13800000000")

    private func digest(_ store: Store, _ input: Input) throws -> ContentDigest? { try #require(try store.findings(for: [input])[0].earlier).digest }

    @Test func `Before it is forgotten a repeat is one, and anything else a conflict`() throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(taken(said)))
        #expect(try digest(store, said) == said.digest)
        for other in [
            sampleReport("r-1", customer: "330", description: "李强"), sampleReport("r-1", customer: "330"), sampleReport("r-1", customer: "331", description: "王芳, 13800000000"),
        ] { #expect(try digest(store, other) != other.digest) }
    }

    @Test func `After it is forgotten a repeat is one by what is left, and what says something else there is a conflict`() throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(taken(said), record("330", "b-1", name: "王芳")))
        try store.commit(batch(record("330", "b-2", forget: true)))
        #expect(try digest(store, said) == said.digest)
        // Nobody can tell this from the first: so nobody can try out what it was.
        let guess = sampleReport("r-1", customer: "330", description: "李强")
        #expect(try digest(store, guess) == guess.digest)
        let other = sampleReport("r-1", customer: "331", description: "王芳, 13800000000")
        #expect(try digest(store, other) == nil)
        guard case .input(let named, _) = record("330", "b-1", name: "赵敏").stimulus else { return }
        #expect(try digest(store, named) == named.digest)
    }

    @Test func `Forgetting breaks nothing, and leaves nothing by which names could be tried out`() throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(taken(said), record("330", "b-1", name: "王芳"), taken(sampleReport("r-2", customer: "331", description: "stays"))))
        let head = store.logHead
        try store.commit(batch(record("330", "b-2", forget: true)))
        let result = try store.verified(heads: [head, store.logHead])
        #expect(result.isSound && result.forgotten == 2 && result.headsAgreed == 2, "\(result)")
        try store.close()
        let hand = try Hand(store.path)
        #expect(try hand.number("SELECT count(*) FROM personal WHERE \(Looks.isKept("personal"))") == 1)
        var plain = ByteWriter()
        RowCodec.write(said.digest, into: &plain)
        for column in ["digest", "part", "body", "receipt", "chain"] {
            let kept = Array(try #require(try hand.bytes("SELECT \(column) FROM input WHERE seq = 1")))
            #expect(Data(kept).range(of: Data(plain.bytes)) == nil && Data(kept).range(of: Data("王芳".utf8)) == nil, "\(column)")
        }
        #expect(try !contains(store.path, "王芳"))
        #expect(try contains(store.path, "stays"))
    }

    @Test func `Who comes back in the same batch is known again`() throws {
        let store = try Store(directory: folder.path)
        let back = sampleReport("r-9", customer: "330", description: "once more")
        try store.commit(batch(taken(said), record("330", "b-2", forget: true), taken(back)))
        let result = try store.verified()
        #expect(result.isSound && result.forgotten == 1, "\(result)")
        let other = sampleReport("r-9", customer: "330", description: "another")
        #expect(try digest(store, other) == nil)
    }

    /// Two inputs with the same content have nothing in common that somebody could compare.
    @Test func `Each entry has its own salt`() throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(taken(said), taken(sampleReport("r-2", customer: "330", description: "王芳, 13800000000"))))
        try store.close()
        let hand = try Hand(store.path)
        #expect(said.digest == sampleReport("r-2", customer: "330", description: "王芳, 13800000000").digest)
        for column in ["input.digest", "input.part", "personal.salt"] {
            #expect(try hand.number("SELECT count(DISTINCT \(column)) FROM input JOIN personal USING (seq)") == 2, "\(column)")
        }
    }

    // MARK: Heads, and what stands beside the log

    @Test func `A head of another log, and one from beyond the end, are told`() throws {
        let store = try Store(directory: folder.path)
        try fill(store, 50, seed: 3)
        let head = store.logHead
        #expect(try store.verified(heads: [LogHead(number: 0, hash: LogChain.start(ofLog: [9]))]).finding?.kind == .rewritten)
        #expect(try store.verified(heads: [head, LogHead(number: 30, hash: head.hash)]).finding?.kind == .rewritten)
        let beyond = try store.verified(heads: [head, LogHead(number: 60, hash: head.hash)]).finding
        #expect(beyond?.kind == .cut_off && beyond?.number == 51)
    }

    @Test(arguments: [
        ("INSERT INTO personal (seq, body) VALUES (99, x'00')", "entry 99"),
        ("INSERT INTO history SELECT 99, task, revision, at, event, body, why, kase, subject FROM history", "line 99"),
        ("INSERT INTO notice (row, task, recipient, state, attempts, next_at, body) VALUES (99, 0, '', 1, 0, 0, x'00')", "notice 99"),
        ("INSERT INTO cases (id, revision, state, open, process, plan, body) VALUES (1, 1, 0, 1, '', 'nowhere', x'00')", "plan nowhere"),
        ("INSERT INTO shared VALUES ('x', 99)", "task 99"),
        ("DELETE FROM task", "history of task"),
    ])
    func `What does not hold beside the log is told`(sql: String, text: String) throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(accepted(sampleReport("r-1"), sampleTask(1))))
        try store.close()
        #expect(try store.verified().database == [])
        try Hand(store.path).run(sql)
        let result = try store.verified()
        #expect(result.finding == nil)
        #expect(result.database.count == 1 && result.database[0].contains(text), "\(result.database)")
    }

    @Test func `An index that does not fit its table is told`() throws {
        let store = try Store(directory: folder.path)
        try fill(store, 20, seed: 5)
        try store.close()
        let hand = try Hand(store.path)
        // The index goes on as if the row were not there.
        try hand.queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'IS NOT NULL', 'IS NULL') WHERE name = 'input_key'; PRAGMA writable_schema = RESET")
        }
        #expect(try !store.verified().database.isEmpty)
    }

    @Test func `What is no database of this version is refused with what to do`() throws {
        func refusal() -> StoreError? {
            do throws(StoreError) {
                _ = try LogVerifier(directory: folder.path)
                return nil
            } catch { return error }
        }
        #expect(refusal()?.kind == .missing)
        let store = try Store(directory: folder.path)
        try store.close()
        #expect(refusal() == nil)
        try Hand(store.path).run("DELETE FROM grdb_migrations WHERE identifier = '9 chain'")
        #expect(refusal()?.kind == .notChained)
        try Hand(store.path).run("INSERT INTO grdb_migrations VALUES ('9 chain'), ('999 the future')")
        #expect(refusal()?.kind == .newerVersion)
        try Hand(store.path).run("PRAGMA application_id = 7")
        #expect(refusal()?.kind == .foreign)
    }
}

/// What is forgotten stands in no byte of the folder's files.
@Suite struct ErasureTests {
    let folder: Folder
    init() throws { folder = try Folder() }

    /// Where a text stands in the files of the folder.
    private func places(_ text: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + $0)).range(of: Data(text.utf8)) != nil
        }
    }

    private func customer(_ number: Int, _ round: Int32, filler: Int) -> CustomerRecord {
        var record = CustomerRecord(
            id: CustomerID("\(number)"), revision: round,
            facts: ["name": .string("name-of-\(number)-\(round)"), "telephone": .string("tel-of-\(number)-\(round)"), "note": .string(String(repeating: "x", count: filler))])
        record.isBilled = true
        return record
    }

    private func entry(_ id: String, _ said: CustomerFacts, _ changes: [Change]) -> Entry {
        taken(InputCodec.input(.customer(said), id: id, source: SourceID("billing")), changes: changes)
    }

    /// Rows come, grow, shrink and move between pages before they go: whatever copy that leaves must go as well.
    @Test(arguments: [UInt64(1), 2, 3]) func `After it is forgotten nothing of a customer is in the files`(seed: UInt64) throws {
        let store = try Store(directory: folder.path)
        let d = Dice(seed: seed)
        var known: [Int: CustomerRecord] = [:]
        var number = 0
        for round in 1...30 {
            var entries: [Entry] = []
            for _ in 0..<40 {
                number += 1
                let account = 100_000 + d.below(700) * 977
                if entries.contains(where: { $0.stimulus.customer?.rawValue == "\(account)" }) { continue }
                let after = customer(account, Int32(round), filler: d.below(400))
                var said = CustomerFacts(customer: after.id, facts: after.facts)
                said.consumption = [202_610: Double(account) + 0.125]
                entries.append(entry("b-\(number)", said, [.customer(before: known[account], after: after)]))
                entries.append(taken(sampleReport("r-\(number)", customer: "\(account)", description: "said-by-\(account)-\(round)")))
                known[account] = after
            }
            try store.commit(Batch(entries: entries, rulesHash: "r"))
        }
        let gone = Array(known.keys.sorted().enumerated().filter { $0.offset % 5 == 0 }.map(\.element))
        #expect(try !places("name-of-\(gone[0])-").isEmpty)
        for account in gone {
            var said = CustomerFacts(customer: CustomerID("\(account)"), facts: [:])
            said.event = .forget
            try store.commit(Batch(entries: [entry("f-\(account)", said, [.customer(before: known[account], after: nil), .forget(said.customer)])], rulesHash: "r"))
        }
        // The checkpoint comes after the commit, on the writer's queue; the next call waits for it.
        _ = try store.load()
        #expect(store.erasesForMilliseconds == nil)
        // All that is kept of them stands between marks, so that one look through each file finds what is left.
        var left: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + file)))
            for (mark, after) in [("name-of-", true), ("tel-of-", true), ("said-by-", true), (".125", false)] {
                let mark = Array(mark.utf8)
                for at in bytes.indices.dropLast(mark.count + 6) where bytes[at] == mark[0] && bytes[at..<(at + mark.count)].elementsEqual(mark) {
                    left.insert(String(decoding: after ? bytes[(at + mark.count)..<(at + mark.count + 6)] : bytes[max(0, at - 6)..<at], as: UTF8.self))
                }
            }
        }
        #expect(left.count > 100 && left.isDisjoint(with: gone.map { "\($0)" }), "seed \(seed): \(left.intersection(gone.map { "\($0)" }))")
        let stays = try #require(known.keys.first { !gone.contains($0) })
        #expect(try !places("name-of-\(stays)-").isEmpty)
        #expect(try store.verified(heads: [store.logHead]).isSound)
    }

    @Test func `A reader in the way holds it up, and it is done when the reader has gone`() async throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(record("330", "b-1", name: "王芳")))
        let (readings, ready) = AsyncStream<Void>.makeStream()
        let (goings, go) = AsyncStream<Void>.makeStream()
        let reader = _Concurrency.Task {
            try await store.look { db in
                let s = try Statement(db, "SELECT seq FROM input")
                _ = try s.step()
                ready.yield()
                // It holds what it sees until it is told to go.
                let done = DispatchSemaphore(value: 0)
                _Concurrency.Task {
                    for await _ in goings { break }
                    done.signal()
                }
                done.wait()
            }
        }
        for await _ in readings { break }
        try store.commit(batch(record("330", "b-2", forget: true)))
        _ = try store.load()
        #expect(store.erasesForMilliseconds != nil)
        #expect(try places("王芳") != [])
        go.yield()
        try await reader.value
        // The writer's proof that it lives, which comes every few seconds, is enough.
        try store.proveWritable()
        _ = try store.load()
        #expect(store.erasesForMilliseconds == nil)
        #expect(try places("王芳") == [])
    }

    /// Killed between the commit and its checkpoint: the next start does what was left.
    @Test func `What a crash left in the log of writes is erased by the next start`() throws {
        let path = folder.path + "/paidan.sqlite"
        let store = try Store(directory: folder.path)
        try store.commit(batch(record("330", "b-1", name: "王芳")))
        _ = try store.load()
        let hand = try Hand(path)
        try hand.run("PRAGMA wal_autocheckpoint = 0")
        try hand.run("DELETE FROM personal")
        let copy = try Folder()
        for name in ["paidan.sqlite", "paidan.sqlite-wal"] { try FileManager.default.copyItem(atPath: folder.path + "/" + name, toPath: copy.path + "/" + name) }
        let again = try Store(directory: copy.path)
        try again.proveWritable()
        _ = try again.load()
        for name in try FileManager.default.contentsOfDirectory(atPath: copy.path) {
            #expect(try Data(contentsOf: URL(fileURLWithPath: copy.path + "/" + name)).range(of: Data("王芳".utf8)) == nil, "\(name)")
        }
    }

    @Test func `A store whose rows would stay behind does not open`() {
        #expect(throws: StoreError.self) { try Store(directory: folder.path, options: Store.Options(spoilers: ["secure_delete = OFF"])) }
    }
}

@Suite struct ChainMigrationTests {
    let folder: Folder
    init() throws { folder = try Folder() }

    /// A database as version 8 left it: plain digests, and records whose names stand in the log itself.
    private func older(_ entries: [(input: Input, keepsNames: Bool)], missing: Set<Int64>) throws -> String {
        let path = folder.path + "/paidan.sqlite"
        let queue = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(queue, upTo: "8 customers")
        try queue.write { db in
            try db.execute(sql: "INSERT INTO context VALUES (1, 'rules', 'engine')")
            for (number, (input, keepsNames)) in zip(Int64(1)..., entries) {
                let form = InputCodec.logForm(of: input)
                var digest = ByteWriter()
                RowCodec.write(input.digest, into: &digest)
                var receipt = ByteWriter()
                RowCodec.write(Receipt(id: input.key.id, source: input.key.source, status: .accepted), into: &receipt)
                let entry = taken(input)
                try db.execute(
                    sql: "INSERT INTO input VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)",
                    arguments: [
                        number, noon.milliseconds, LogKind(entry.stimulus).rawValue, input.key.source.rawValue, input.key.id, Data(digest.bytes), Data(receipt.bytes),
                        Data(keepsNames ? InputCodec.wireForm(of: input) : form.log),
                    ])
                guard let apart = form.personal, !keepsNames, !missing.contains(number) else { continue }
                try db.execute(sql: "INSERT INTO personal (seq, body, customer) VALUES (?, ?, ?)", arguments: [number, Data(apart), entry.stimulus.customer?.rawValue])
            }
            try db.execute(sql: "INSERT INTO input (seq, at, kind, context, body) VALUES (?, 5, 3, 1, ?)", arguments: [entries.count + 1, Data("rules".utf8)])
            try db.execute(sql: "UPDATE head SET input = ?", arguments: [entries.count + 1])
        }
        try queue.close()
        return path
    }

    private func input(_ entry: Entry) throws -> Input {
        guard case .input(let input, _) = entry.stimulus else { throw RowFault("no input") }
        return input
    }

    @Test func `A database of version 8 is chained from its first entry, and its names go where they can be forgotten`() async throws {
        let inputs: [(input: Input, keepsNames: Bool)] = [
            (sampleReport("r-1", customer: "330", description: "a wire"), false), (sampleReport("r-2"), false),
            // Before the split, of somebody who is still known, and of somebody who is not.
            (try input(record("331", "b-1", name: "王芳")), true), (try input(record("330", "b-2", name: "赵敏")), true),
            (try input(record("332", "b-3", name: "李强")), false), (try input(record("330", "b-4", forget: true)), false),
            (sampleReport("r-3", customer: "330", description: "back again"), false),
        ]
        let path = try older(inputs, missing: [1])
        let store = try Store(directory: folder.path)
        let result = try store.verified(heads: [store.logHead])
        #expect(result.isSound && result.entries == 8 && result.forgotten == 2, "\(result)")
        #expect(try await store.log(after: 0).map(\.stimulus).suffix(2) == [.input(inputs[6].input, Findings()), .rules("rules")])
        let log = try await store.log(after: 0)
        for place in [1, 2, 4, 6] { #expect(log[place].stimulus == .input(inputs[place].input, Findings()), "\(place)") }
        // A repeat of each is known as one, and another content under its key, where that can still be told.
        for (input, _) in inputs { #expect(try store.findings(for: [input])[0].earlier?.digest == input.digest, "\(input.key.id)") }
        let other = try input(record("331", "b-1", name: "孙悦"))
        #expect(try store.findings(for: [other])[0].earlier?.digest == nil)
        // What was forgotten is gone, also where it had stood in the log itself; what is known can be forgotten.
        try store.commit(batch(record("331", "b-9", forget: true)))
        #expect(try store.verified().forgotten == 3)
        try store.close()
        let hand = try Hand(path)
        for number in [1, 4] { #expect(try hand.number("SELECT length(digest) FROM input WHERE seq = \(number)") == 32) }
        #expect(try hand.number("SELECT length(digest) FROM input WHERE seq = 2") == 16)
        #expect(try hand.number("SELECT count(*) FROM input WHERE CAST(body AS TEXT) LIKE '%王芳%' OR CAST(body AS TEXT) LIKE '%赵敏%'") == 0)
        #expect(try hand.number("SELECT count(*) FROM personal WHERE CAST(body AS TEXT) LIKE '%王芳%' OR CAST(body AS TEXT) LIKE '%赵敏%'") == 0)
    }

    @Test func `A log of several pages is chained whole`() throws {
        let inputs = (0..<2_500).map { number in
            (input: sampleReport("r-\(number)", customer: "33\(number % 7)", description: number % 3 == 0 ? "caller \(number)" : nil), keepsNames: false)
        }
        _ = try older(inputs, missing: [])
        let store = try Store(directory: folder.path)
        #expect(try store.verified(heads: [store.logHead]).entries == 2_501)
        #expect(try store.verified().isSound)
    }

    @Test func `An empty database of version 8 becomes a log without entries`() throws {
        let queue = try DatabaseQueue(path: folder.path + "/paidan.sqlite")
        try Schema.migrator.migrate(queue, upTo: "8 customers")
        try queue.close()
        let store = try Store(directory: folder.path)
        #expect(try store.verified() == Verification(logID: store.logID, head: store.logHead))
        #expect(store.logHead.number == 0 && store.logID.utf8.count == 32)
    }
}
