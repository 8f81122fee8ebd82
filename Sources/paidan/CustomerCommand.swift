import API
import ArgumentParser
import Domain

struct OneCustomer: AsyncParsableCommand {
    enum Deed: String, ExpressibleByArgument, CaseIterable { case show, forget }

    static let configuration = CommandConfiguration(
        commandName: "customer",
        abstract: "Shows what is known of a customer, or forgets it.",
        discussion: """
            'forget' takes away what is known of the customer, and the names, telephones, addresses and descriptions that stood beside what they \
            sent. The log keeps that there was somebody under that number, and what was decided. It can't be taken back.

            Examples:
              paidan customer 3302001234            facts, habits, counts, tier, flags, account manager
              paidan customer 3302001234 forget --yes
            """)

    @Argument(help: ArgumentHelp("The account.", valueName: "ACCOUNT")) var account: String
    @Argument(help: ArgumentHelp("show or forget.", valueName: "DEED")) var deed = Deed.show
    @Flag(help: "With forget: really.") var yes = false
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func validate() throws {
        guard !account.isEmpty else { throw ValidationError("which customer? Give an account") }
        if deed == .forget, !yes { throw ValidationError("forget can't be taken back: paidan customer \(account) forget --yes") }
        if deed == .show, yes { throw ValidationError("--yes goes with forget alone") }
    }

    func run() async throws {
        let calls = DaemonCalls(daemon)
        guard deed == .forget else {
            let body = try await calls.get("/v1/customers/\(DaemonCalls.escaped(account))")
            guard output.format == .human else { return Out.line(String(decoding: body, as: UTF8.self)) }
            for line in CustomerPage.lines(try parsed(body), now: now(), on: .output) { Out.line(line) }
            return
        }
        var json = JSONWriter()
        json.object {
            $0.field("kind", "customer")
            $0.field("id", OneTask.inputID())
            $0.field("customer", account)
            $0.field("event", "forget")
        }
        let answer = try await calls.post("/v1/inputs", json: json.bytes)
        try answerReceipt(answer.body, output.format, what: "customer \(account) was not forgotten", look: "paidan customer \(account)") { _ in
            "customer \(account) is forgotten"
        }
    }
}

/// `paidan customer ACCOUNT`.
enum CustomerPage {
    static func lines(_ customer: JSONValue, now: Instant, on terminal: Terminal) -> [String] {
        var lines = [terminal.paint(customer.text("customer"), .bold) + (customer["tier"]?.string.map { "  \($0)" } ?? "")]
        func row(_ name: String, _ text: String) {
            guard !text.isEmpty else { return }
            for (i, line) in Cells.wrapped(text, to: Table.cellsMax - 14).enumerated() { lines.append("  " + Cells.padded(i == 0 ? name : "", to: 12) + line) }
        }
        func members(_ key: String, _ value: (JSONValue) -> String = { $0.string ?? $0.text }) -> String {
            (customer[key]?.object ?? []).filter { value($0.value) != "0" || key != "counts" }.map { "\($0.key) \(value($0.value))" }.joined(separator: ", ")
        }
        row("manager", customer.text("account_manager"))
        row("flags", (customer["flags"]?.array ?? []).compactMap(\.string).joined(separator: ", "))
        row("facts", members("facts"))
        row("habits", members("profile") { value in
            guard let number = value.double, value.int == nil else { return value.string ?? value.text }
            return "\((number * 1_000).rounded() / 1_000)"
        })
        row("counted", members("counts"))
        row("kWh", (customer["consumption"]?.object ?? []).suffix(13).map { "\($0.key) \($0.value.text)" }.joined(separator: ", "))
        row("paid", (customer["payments"]?.object ?? []).suffix(13).map { "\($0.key) \($0.value.string ?? ($0.value.int == 0 ? "in time" : "\($0.value.text) d late"))" }.joined(separator: ", "))
        row("by rules", (customer["held"]?.array ?? []).compactMap(\.string).joined(separator: ", "))
        let history = customer["history"]?.array ?? []
        if !history.isEmpty { lines.append("") }
        let today = Times.today(like: history.first?["at"]?.string, now: now)
        for line in history {
            let text = line.text("event").split(separator: "_").joined(separator: " ") + (line["note"]?.string.map { ": \($0)" } ?? "")
            lines.append("  " + Cells.padded(terminal.paint(Times.short(line.text("at"), today: today), .faint), to: 13) + Cell(text).text)
        }
        return lines
    }
}
