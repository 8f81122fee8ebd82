import Decisions
import Domain
import GRDBSQLite

/// Looks up what the loop needs to decide, on a read-only connection of its own: the loop decides the next batch while the writer
/// commits the one before, and nobody else's look stands in its way. It sees every commit that has returned.
///
/// Unchecked Sendable: reached only inside the serial queue of its connection.
final class FindingsReader: @unchecked Sendable {
    private let begin, commit, findInput, findCustomer, findTask, findCase, findCallers, findServed: Statement

    init(_ db: OpaquePointer) throws(SQLiteFailure) {
        begin = try Statement(db, "BEGIN")
        commit = try Statement(db, "COMMIT")
        findInput = try Statement(db, Looks.earlierInput)
        findCustomer = try Statement(db, Looks.customer)
        findTask = try Statement(db, "SELECT state, body FROM task WHERE id = ? AND open = 0")
        findCallers = try Statement(db, Looks.callersOfTask)
        findServed = try Statement(db, Looks.servedInArea)
        findCase = try Statement(db, "SELECT state FROM cases WHERE id = ? AND open = 0")
    }

    /// The rows that each input's decision needs. In one reading transaction: alone, each look would take and leave the
    /// database's locks, which costs more than the look.
    func findings(for inputs: [Input]) throws -> [Findings] {
        try begin.run()
        defer { _ = try? commit.run() }
        return try inputs.map { try findings(for: $0) }
    }

    /// Who hangs on these areas and is looked after, in the order of the areas and of their accounts.
    func served(in areas: [TransformerID], limit: Int) throws -> [CustomerRecord] {
        try begin.run()
        defer { _ = try? commit.run() }
        var found: [CustomerRecord] = []
        for area in areas where found.count < limit {
            findServed.bind(1, area.rawValue)
            findServed.bind(2, Int64(limit - found.count))
            defer { findServed.reset() }
            while try findServed.step() {
                found.append(try Looks.customer(CustomerID(findServed.text(2)), findServed))
            }
        }
        return found
    }

    private func customer(_ account: CustomerID) throws -> CustomerRecord? {
        findCustomer.bind(1, account.rawValue)
        guard try findCustomer.step() else { return nil }
        defer { findCustomer.reset() }
        return try Looks.customer(account, findCustomer)
    }

    /// The digest that the input's key had before; nil: it is not this input's, and more can't be told.
    ///
    /// Where the personal part was forgotten, what is left is compared: a repeat is known as one, and nobody can try out names.
    private func digest(foundFor input: Input) throws -> ContentDigest? {
        guard !findInput.isNull(3) else { return try findInput.blob(0, RowCodec.digest) }
        if let salt = findInput.bytes(4) { return findInput.bytes(0) == LogChain.digest(input.digest, salt: salt) ? input.digest : nil }
        let left = try InputCodec.input(log: findInput.bytes(2) ?? [], personal: nil).digest
        if try InputCodec.input(log: InputCodec.logForm(of: input).log, personal: nil).digest == left { return input.digest }
        guard case .customer(let record) = input.body, record.event == .record else { return nil }
        let earlier = try InputCodec.input(log: InputCodec.earlierLogForm(of: record, key: input.key), personal: nil).digest
        return earlier == left ? input.digest : nil
    }

    private func findings(for input: Input) throws -> Findings {
        var findings = Findings()
        findInput.bind(1, input.key.source.rawValue)
        findInput.bind(2, input.key.id)
        if try findInput.step() {
            defer { findInput.reset() }
            findings.earlier = EarlierReceipt(
                digest: try digest(foundFor: input),
                receipt: try findInput.blob(1) { bytes throws(RowFault) in try RowCodec.receipt(input.key, bytes) })
        }
        switch input.body {
        case .report(let report):
            guard let account = report.customer else { break }
            findings.customer = try customer(account)
        case .progress(let progress):
            findTask.bind(1, progress.task.packed)
            if try findTask.step() {
                defer { findTask.reset() }
                guard let code = UInt8(exactly: findTask.int(0)) else { throw RowFault("a task's state is out of range") }
                findings.finished = FinishedTask(try TaskState.word(code))
                // Only who says once more what came of it needs more than the state.
                if progress.outcome != nil {
                    findings.finished?.outcome = try findTask.blob(1) { bytes throws(RowFault) in try RowCodec.task(bytes) }.outcome
                }
            }
            if progress.event == .split {
                findCallers.bind(1, progress.task.packed)
                findCallers.bind(2, -1)
                defer { findCallers.reset() }
                findings.callers = try Looks.callers(findCallers)
            }
        case .kase(let signal):
            findCase.bind(1, signal.id.packed)
            if try findCase.step() {
                defer { findCase.reset() }
                guard let code = UInt8(exactly: findCase.int(0)) else { throw RowFault("a case's state is out of range") }
                findings.finishedCase = try CaseState.word(code)
            }
        case .customer(let record): findings.customer = try customer(record.customer)
        case .crew, .outage, .contractor, .reading, .recovered: break
        }
        return findings
    }
}
