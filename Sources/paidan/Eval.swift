import API
import ArgumentParser
import Daemon
import Decisions
import Domain
import Rules

struct Eval: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Works out one expression of the condition language: to try a condition before it goes into a rule.",
        discussion: """
            FILE is a JSON object. A report (as the spool folder takes it) is bound as 'report' and checked as a rule's condition is; with \
            --rules also against what that site declares, completed by its network register. Of any other object each member is a variable. \
            Exit code 0: it has a value (which may be false); 1: a mistake, or no value.

            Examples:
              paidan eval '45 * 60 > 2000'
              paidan eval 'report.type == "fault" && report.customers_out > 50' --bind report.json --rules /etc/paidan/rules --trace
            """)

    @Argument(help: ArgumentHelp("The expression.", valueName: "EXPR")) var expression: String
    @Option(help: ArgumentHelp("A JSON object: a report, or variables; '-': standard input.", valueName: "FILE")) var bind: String?
    @Option(help: ArgumentHelp("Check against the site of this rules folder.", valueName: "DIR")) var rules: String?
    @Flag(help: "Show what each part of its '&&' comes to.") var trace = false
    @OptionGroup var output: FormatOption

    func run() throws {
        let bindings = try bindings()
        let evaluation: Evaluation
        do throws(Evaluation.Fault) {
            evaluation = try Evaluation(expression, bindings, zone: RuleFolder.zone)
        } catch {
            for diagnostic in error.diagnostics { show(diagnostic) }
            throw ExitCode.failure
        }
        let whole = evaluation.outcome()
        switch output.format {
        case .json: Out.bytes(json(whole, trace ? evaluation.parts() : []))
        case .human:
            if trace { for part in evaluation.parts() { Out.line("\(Cells.padded(part.value?.json ?? "no value", to: 10))  \(part.text)") } }
            if let value = whole.value { Out.line(value.json) }
            if let failure = whole.failure { show(failure) }
        }
        if whole.value == nil { throw ExitCode.failure }
    }

    private func show(_ diagnostic: Diagnostic) {
        switch output.format {
        case .json: Out.bytes(diagnostic.json() + [0x0A])
        case .human: Out.errorText(diagnostic.human(in: expression) + "\n")
        }
    }

    private func json(_ whole: Evaluation.Outcome, _ parts: [Evaluation.Outcome]) -> [UInt8] {
        func members(_ outcome: Evaluation.Outcome, _ json: inout JSONWriter) {
            if let value = outcome.value {
                json.key("value")
                json.raw(value.json)
                json.field("type", value.type)
            }
            if let failure = outcome.failure {
                json.key("failure")
                json.raw(failure.json())
            }
        }
        var json = JSONWriter()
        json.object { json in
            members(whole, &json)
            guard trace else { return }
            json.key("parts")
            json.array { list in
                for part in parts {
                    list.object { json in
                        json.field("text", part.text)
                        members(part, &json)
                    }
                }
            }
        }
        json.newline()
        return json.bytes
    }

    // MARK: What is bound

    private func bindings() throws -> Evaluation.Bindings {
        guard let bind else { return .values([]) }
        func unusable(_ why: String, _ remedy: String) -> ExitCode { fail(DoorFault(what: "cannot bind \(bind)", why: why, remedy: remedy)) }
        let bytes: [UInt8]
        do throws(DoorFault) { bytes = try wholeFile(bind == "-" ? "/dev/stdin" : bind) } catch { throw fail(error) }
        let json: JSONValue
        do throws(JSONFault) { json = try JSONValue.parse(bytes) } catch { throw unusable("\(error)", "mend the file") }
        guard let members = json.object else { throw unusable("it is no JSON object", "write { \"name\": value }") }

        // A report as the doors take it, or `{"report": {…}, "customer": {…}}`.
        let isReport = json["kind"]?.string == "report" || json["kind"] == nil && json["type"] != nil && json["report"] == nil
        guard isReport || rules != nil && json["report"] != nil else {
            guard rules == nil else { throw unusable("it is no report", "leave out --rules, or bind { \"report\": { … } }") }
            return .values(members)
        }
        let site = try rules.map(site)
        let report = isReport ? json : json["report"] ?? .null
        let input: Input
        do throws(InputFault) {
            input = try InputCodec.decode(Array(report.text.utf8), defaultSource: SourceID("eval"))
        } catch {
            throw unusable(error.description, "mend the report")
        }
        guard case .report(let read) = input.body else { throw unusable("it is no report", "leave out --rules") }
        var subject = RouteSubject(report: read, source: input.key.source, now: now())
        if let site {
            if let reason = undeclaredValue(in: subject.report, site) { throw unusable(reason, "mend the report") }
            subject.report = FoundReport(subject.report, customer: nil, network: site.network, districts: site.districts).report
        }
        subject.customer = isReport ? nil : json["customer"].flatMap(customer)
        return .report(subject, site)
    }

    /// Facts as the `customer` input has them, all in one object.
    private func customer(_ json: JSONValue) -> CustomerFacts? {
        guard let members = json.object else { return nil }
        var facts: [String: FieldValue] = [:]
        for member in members {
            switch member.value {
            case .string(let text): facts[member.key] = .string(text)
            case .int(let number): facts[member.key] = .int(number)
            case .double(let number): facts[member.key] = .double(number)
            case .bool(let truth): facts[member.key] = .bool(truth)
            case .null, .array, .object: break
            }
        }
        return CustomerFacts(customer: CustomerID(json["account"]?.string ?? ""), facts: facts)
    }

    private func site(_ folder: String) throws -> Site {
        let (source, compilation) = try compile(folder)
        if let set = compilation.set { return set.site }
        Out.errorText(source.human(compilation.diagnostics.filter { $0.severity == .error }, folder: folder))
        throw fail(DoorFault(what: "cannot use the rules in \(folder)", why: "there are errors in them", remedy: "mend what is named above"))
    }
}
