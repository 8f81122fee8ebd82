import Domain
import Testing

@Suite struct InputFormTests {
    @Test func theCanonicalFormIsTheOneThatIsWrittenDown() throws {
        let input = try decoded(
            #" { "fields":{"b":2,"a":"x","B":1.0}, "description":"d", "place":{"lon":-120.5,"lat":28,"address":"street","district":"lucheng"}, "reported_at":"2026-11-22T08:15:00.250+08:00", "capacity_kva":0, "type":"fault", "id":"i", "source":"s" } "#
        ).get()
        #expect(
            String(decoding: InputCodec.canonical(input.body), as: UTF8.self)
                == #"{"kind":"report","type":"fault","reported_at":"2026-11-22T00:15:00.250Z","place":{"lat":28,"lon":-120.5,"district":"lucheng","address":"street"},"capacity_kva":0.0,"description":"d","fields":{"B":1.0,"a":"x","b":2}}"#)
        #expect(input.digest == ContentDigest(sha256: InputCodec.canonical(input.body)))
        let (log, personal) = InputCodec.logForm(of: input)
        #expect(
            String(decoding: log, as: UTF8.self)
                == #"{"kind":"report","id":"i","source":"s","type":"fault","reported_at":"2026-11-22T00:15:00.250Z","place":{"lat":28,"lon":-120.5,"district":"lucheng"},"capacity_kva":0.0,"fields":{"B":1.0,"a":"x","b":2}}"#)
        #expect(personal.map { String(decoding: $0, as: UTF8.self) } == #"{"address":"street","description":"d"}"#)
    }

    @Test func theDigestIsTheSHA256OfTheCanonicalForm() throws {
        // Computed with: printf '{"kind":"report","type":"fault"}' | sha256sum
        let input = try decoded(#"{"type":"fault","id":"a"}"#).get()
        #expect(input.digest.hex == "a943080880775c9b084c4de40ea2f634")
        #expect(ContentDigest(hex: input.digest.hex) == input.digest)
        #expect(ContentDigest(hex: "00") == nil)
        #expect(ContentDigest(hex: String(repeating: "g", count: 32)) == nil)
        // Computed with: printf 'door\0{"kind":"report","type":"fault"}' | sha256sum
        let keyless = try decoded(#"{"type":"fault"}"#).get()
        #expect(keyless.key == InputKey(source: SourceID("door"), id: "sha256:43b5d2d881d30bc16a512bd16468fbbe"))
    }

    @Test func keyOrderAndWhiteSpaceDoNotMatterButContentDoes() throws {
        let a = try decoded(#"{"type":"fault","feeder":"F-1","site":"urban"}"#).get()
        let b = try decoded("{\n  \"site\" : \"urban\",\t\"feeder\":\"F\\u002d1\",\r\n\"kind\":\"report\", \"type\":\"fault\"}").get()
        let c = try decoded(#"{"type":"fault","feeder":"F-2","site":"urban"}"#).get()
        #expect(a == b)
        #expect(a.digest != c.digest)
        #expect(a.key != c.key)
        #expect(try decoded(#"{"type":"fault"}"#, source: "other").get().key.id != decoded(#"{"type":"fault"}"#).get().key.id)
    }

    @Test func everyInputComesBackFromItsForms() throws {
        let seed: UInt64 = 20_261_122
        var maker = InputMaker(seed: seed)
        for round in 0..<5_000 {
            let input = maker.input()
            let (log, personal) = InputCodec.logForm(of: input)
            #expect(try InputCodec.input(log: log, personal: personal) == input, "seed \(seed), round \(round)")
            #expect(try InputCodec.decode(InputCodec.wireForm(of: input), defaultSource: SourceID("other")) == input, "seed \(seed), round \(round)")
            #expect(try InputCodec.decode(InputCodec.canonical(input.body), defaultSource: SourceID("x")).digest == input.digest, "seed \(seed), round \(round)")
        }
    }

    /// Its instant tells whether it came before; only one without an id has a name from its content.
    @Test func aReadingHasNoDigest() throws {
        let named = try decoded(#"{"kind":"reading","id":"r-1","device":"T-1","quantity":"load_ratio","value":0.5,"at":"2026-11-22T08:15:00+08:00"}"#).get()
        #expect(named.digest == .none && named.key.id == "r-1")
        let nameless = try decoded(#"{"kind":"reading","device":"T-1","quantity":"load_ratio","value":0.5,"at":"2026-11-22T08:15:00+08:00"}"#).get()
        #expect(nameless.digest == .none && nameless.key.id.hasPrefix("sha256:"))
        let other = try decoded(#"{"kind":"reading","device":"T-1","quantity":"load_ratio","value":0.6,"at":"2026-11-22T08:15:00+08:00"}"#).get()
        #expect(other.key != nameless.key)
    }

    @Test func aRecoveryComesBackFromTheLogAlone() throws {
        let recovery = Recovery(
            device: DeviceID("T-991"), rule: "monitoring.heavy-load", report: "monitoring.heavy-load:T-991:load_ratio:2026-11-22T00:15:00Z",
            tasks: [TaskID(day: 20_261_122, number: 17)], at: Instant(milliseconds: 1_795_305_600_000), note: "load_ratio 0.7")
        let input = InputCodec.input(.recovered(recovery), id: "recovered:x", source: SourceID("watch"))
        let (log, personal) = InputCodec.logForm(of: input)
        #expect(personal == nil)
        #expect(try InputCodec.input(log: log, personal: nil) == input)
        #expect(throws: InputFault.self) { try InputCodec.decode(log, defaultSource: SourceID("door")) }
    }

    @Test func aForgottenPersonalPartLeavesTheRest() throws {
        let input = try decoded(#"{"id":"a","type":"fault","place":{"address":"street","district":"d"},"description":"text"}"#).get()
        let rest = try InputCodec.input(log: InputCodec.logForm(of: input).log, personal: nil)
        guard case .report(let report) = rest.body else { return #expect(Bool(false), "no report") }
        #expect(report == Report(type: "fault", place: Place(district: DistrictID("d"))))
        #expect(rest.key == input.key)
    }

    /// Shuffles the members of an object, and puts white space between the tokens: another sender's way to say the same.
    @Test func anotherWritingOfTheSameIsTheSame() throws {
        let seed: UInt64 = 7
        var maker = InputMaker(seed: seed)
        for round in 0..<1_000 {
            let input = maker.input()
            let tree = try JSONValue.parse(InputCodec.wireForm(of: input))
            let text = rewritten(tree, &maker.random)
            #expect(try decoded(text).get() == input, "seed \(seed), round \(round): \(text)")
        }
    }

    private func rewritten(_ value: JSONValue, _ random: inout SeededGenerator) -> String {
        func space() -> String { ["", "", " ", "\n", "\t\r\n "].randomElement(using: &random) ?? "" }
        switch value {
        case .object(let members):
            let parts = members.shuffled(using: &random).map { "\(space())\(JSONValue.string($0.key).text)\(space()):\(space())\(rewritten($0.value, &random))\(space())" }
            return "{" + parts.joined(separator: ",") + space() + "}"
        case .string(let text):
            // Every scalar as an escape, surrogate pairs and all.
            guard Bool.random(using: &random) else { return value.text }
            return "\"" + text.utf16.map { "\\u" + String(repeating: "0", count: 4 - String($0, radix: 16).count) + String($0, radix: 16) }.joined() + "\""
        case .array, .null, .bool, .int, .double: return value.text
        }
    }

    /// Bytes changed, taken out, put in, doubled, cut off: an input or a fault with a place inside the text, never a crash.
    @Test func whateverComesLeadsToAnInputOrToAFaultWithAPlace() {
        let seed: UInt64 = 99
        var maker = InputMaker(seed: seed)
        let pieces: [[UInt8]] = ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "null", "-", "1e9", "\u{0}", "断", "\n"].map { Array($0.utf8) } + [[0xFF], [0xC3]]
        var taken = 0
        for round in 0..<8_000 {
            var bytes = InputCodec.wireForm(of: maker.input())
            for _ in 0..<Int.random(in: 1...4, using: &maker.random) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &maker.random)
                switch Int.random(in: 0..<5, using: &maker.random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &maker.random)
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(contentsOf: pieces.randomElement(using: &maker.random) ?? [], at: at)
                case 3: bytes.removeSubrange(at...)
                default: bytes.append(contentsOf: bytes[at...])
                }
            }
            do throws(InputFault) {
                let input = try InputCodec.decode(bytes, defaultSource: SourceID("door"))
                taken += 1
                #expect(throws: Never.self, "seed \(seed), round \(round)") { try InputCodec.decode(InputCodec.wireForm(of: input), defaultSource: SourceID("x")) }
            } catch {
                let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
                #expect((1...max(lines.count, 1)).contains(error.line), "seed \(seed), round \(round): \(error)")
                if lines.indices.contains(error.line - 1) {
                    #expect(error.column >= 1 && error.column <= lines[error.line - 1].count + 1, "seed \(seed), round \(round): \(error)")
                }
                #expect(!error.message.isEmpty)
            }
        }
        // The check means something only while both ends happen.
        #expect(taken > 200 && taken < 6_000, "taken \(taken)")
    }

    @Test func aProgressCanBeSentToItsTask() throws {
        let task = TaskID(day: 20_261_122, number: 17)
        let input = try InputCodec.decode(#"{"event":"accept","by":"north-2"}"#.utf8, defaultSource: SourceID("http"), assuming: .progress, task: task)
        #expect(input.body == .progress(Progress(task: task, event: .accept, by: "north-2")))
        #expect(throws: InputFault.self) {
            try InputCodec.decode(#"{"event":"accept","task":"T-20261122-18"}"#.utf8, defaultSource: SourceID("http"), assuming: .progress, task: task)
        }
    }

    @Test func receiptsHaveTheFormOfTheInterface() throws {
        let receipt = Receipt(
            id: "95598-1", source: SourceID("95598"), status: .accepted, tasks: [TaskID(day: 20_261_122, number: 17)], rule: "faults.hazard-first")
        let json = receipt.json()
        #expect(
            String(decoding: json, as: UTF8.self)
                == #"{"id":"95598-1","source":"95598","status":"accepted","tasks":["T-20261122-17"],"rule":"faults.hazard-first"}"#)
        #expect(try Receipt(json: json) == receipt)
        var remarked = receipt
        remarked.remarks = ["customer '330' is not known", "站点"]
        #expect(String(decoding: remarked.json(), as: UTF8.self).hasSuffix(#","remarks":["customer '330' is not known","站点"]}"#))
        #expect(try Receipt(json: remarked.json()) == remarked)
        let rejected = Receipt(id: "", source: SourceID("s"), status: .rejected, reason: "line 1:\n\"no\"")
        #expect(try Receipt(json: rejected.json()) == rejected)
        #expect(try Receipt(json: #"{"id":"a","source":"s","status":"duplicate","case":"C-20261122-1","tasks":[]}"#.utf8).kase == CaseID(day: 20_261_122, number: 1))
        for broken in [#"{"id":"a","source":"s"}"#, #"{"id":"a","source":"s","status":"duplicate","case":"C-1","tasks":[]}"#, #"{"id":"a","source":"s","status":"new"}"#, #"{"id":"a","source":"s","status":"accepted","tasks":["17"]}"#, "[]", "{"] {
            #expect(throws: JSONFault.self) { try Receipt(json: broken.utf8) }
        }
    }
}
