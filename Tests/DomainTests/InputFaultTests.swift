import Domain
import Testing

/// What a sender reads for each mistake: the input, then the whole message.
@Suite struct InputFaultTests {
    static let table: [(String, String)] = [
        // JSON itself
        ("", "line 1, column 1: nothing is there; write one JSON object"),
        ("  ", "line 1, column 3: the text ends in the middle; send it whole; write spool files in tmp and rename them into new"),
        ("{\"type\":\"fau", "line 1, column 13: 'type': the text ends in the middle; send it whole; write spool files in tmp and rename them into new"),
        ("{\"type\":\"fault\"", "line 1, column 16: 'type': the text ends in the middle; send it whole; write spool files in tmp and rename them into new"),
        ("{\"type\":\"fault\",}", "line 1, column 17: nothing follows the comma; take the last comma away"),
        ("{\"type\" \"fault\"}", "line 1, column 9: 'type': a colon is wanted after the key"),
        ("{type:\"fault\"}", "line 1, column 2: a key in double quotes is wanted here"),
        ("{\"type\":'fault'}", "line 1, column 9: 'type': texts stand in double quotes, not single ones"),
        ("{\"type\":fault}", "line 1, column 9: 'type': 'fault' is not a JSON value; texts stand in double quotes"),
        ("{\"type\":\"fault\"\n\"id\":\"a\"}", "line 2, column 1: 'type': a comma or '}' is wanted here"),
        ("{\"type\":\"fault\"} {}", "line 1, column 18: something follows the end of the value; one JSON value stands alone; many go into .jsonl, one a line"),
        ("[{\"type\":\"fault\"}]",
         "line 1, column 1: an object is wanted, but this is a list; write one object a line into a .jsonl file, or send them as application/x-ndjson"),
        ("\"fault\"", "line 1, column 1: an object is wanted, but this is text"),
        ("{\"type\":\"fault\",\"description\":\"a\nb\"}", "line 1, column 33: 'description': a control character (0x0a) stands inside a text; write it as an escape, \\n for a line end"),
        ("{\"type\":\"fault\",\"description\":\"\\x\"}", "line 1, column 32: 'description': this is no escape of JSON; write \\\\ for a backslash"),
        ("{\"type\":\"fault\",\"description\":\"\\ud83d\"}", "line 1, column 32: 'description': half of a surrogate pair stands alone; write the character itself"),
        ("{\"type\":\"fault\",\"type\":\"fault\"}", "line 1, column 17: 'type': the key 'type' stands here twice; keep one of them"),
        ("{\"type\":\"fault\",\"x\":1,\"x\":1}", "line 1, column 23: 'x': the key 'x' stands here twice; keep one of them"),
        ("{\"type\":\"fault\",\"extra\":{\"a\":1,\"a\":2}}", "line 1, column 32: 'extra.a': the key 'a' stands here twice; keep one of them"),
        ("{\"type\":\"fault\",\"fields\":{\"a\":null,\"a\":2}}", "line 1, column 36: 'fields.a': the key 'a' stands here twice; keep one of them"),
        ("{\"type\":\"fault\",\"ty\\u0070e\":\"fault\"}", "line 1, column 17: 'type': the key 'type' stands here twice; keep one of them"),
        // Kinds
        ("{\"kind\":\"reprot\"}", "line 1, column 9: 'kind': there is no kind 'reprot'; did you mean 'report'?"),
        (#"{"kind":"outage","from":"2026-11-22T08:00:00Z","until":"2026-11-22T09:00:00Z"}"#,
         "line 1, column 1: 'feeder': an outage needs 'feeder', but it is missing; add \"feeder\", or \"transformer\" where one area alone is concerned"),
        (#"{"kind":"outage","feeder":"F","until":"2026-11-22T09:00:00Z"}"#,
         "line 1, column 1: 'from': an outage needs 'from', but it is missing; add \"from\": when it begins"),
        (#"{"kind":"outage","feeder":"F","from":"2026-11-22T09:00:00Z","until":"2026-11-22T08:00:00Z"}"#,
         "line 1, column 69: 'until': an outage ends after it begins, and this one ends at 2026-11-22T08:00:00Z, not after 2026-11-22T09:00:00Z; are 'from' and 'until' swapped?"),
        (#"{"kind":"outage","feeder":"F","from":"2026-11-22T09:00:00Z","until":"2027-11-22T08:00:00Z"}"#,
         "line 1, column 38: 'from': an outage of more than 60 days is not taken; is the date right? announce a longer one in parts"),
        (#"{"kind":"outage","event":"ended"}"#,
         "line 1, column 1: 'outage': an outage that is ended needs 'outage', but it is missing; add \"outage\": the name under which it was announced (without one, the id of that input)"),
        (#"{"kind":"outage","event":"over","outage":"o"}"#,
         "line 1, column 26: 'event': there is no event 'over'; one of planned, ended, cancelled"),
        (#"{"kind":"progress","task":"T-20261122-1","event":"merge"}"#,
         "line 1, column 1: 'to': merge needs 'to', but it is missing; add \"to\": the number of the task that stands for both"),
        (#"{"kind":"progress","task":"T-20261122-1","event":"accept","reports":["a"]}"#,
         "line 1, column 69: 'reports': 'reports' go with the event split only, not with accept; take them out, or send split"),
        ("{\"kind\":\"weather\"}", "line 1, column 9: 'kind': there is no kind 'weather'; one of report, progress, crew, customer, case, outage, contractor, reading"),
        ("{\"kind\":\"recovered\",\"id\":\"x\",\"device\":\"T-991\",\"at\":\"2026-11-22T08:15:00Z\"}",
         "line 1, column 9: 'kind': the kind 'recovered' is paidan's own and can't be sent; send report, progress, crew, customer, case, outage, contractor, reading"),
        ("{\"kind\":\"reading\",\"device\":\"T-991\"}", "line 1, column 1: 'quantity': a reading needs 'quantity', but it is missing; add \"quantity\""),
        ("{\"kind\":\"reading\",\"device\":\"T-991\",\"quantity\":\"load_ratio\",\"value\":null}",
         "line 1, column 1: 'value': a reading needs 'value', but it is missing; leave a reading out that has no value"),
        ("{\"kind\":\"reading\",\"device\":\"T-991\",\"quantity\":\"load_ratio\",\"value\":0.8}",
         "line 1, column 1: 'at': a reading needs 'at', but it is missing; add \"at\": when the device measured it, like 2026-11-22T08:15:00+08:00"),
        ("{\"kind\":\"reading\",\"value\":NaN}",
         "line 1, column 27: 'value': 'NaN' is no value of a reading: a finite number, or true or false for a flag, is wanted; leave a reading out that has no value"),
        ("{\"kind\":\"reading\",\"value\":-Infinity}",
         "line 1, column 27: 'value': '-Infinity' is no value of a reading: a finite number, or true or false for a flag, is wanted; leave a reading out that has no value"),
        ("{\"kind\":\"reading\",\"value\":\"0.86\"}",
         "line 1, column 27: 'value': '0.86' is no value of a reading: a finite number, or true or false for a flag, is wanted; leave a reading out that has no value"),
        ("{\"kind\":\"reading\",\"value\":1e999}",
         "line 1, column 27: 'value': this number is too large for a reading; leave a reading out that has no value"),
        ("{\"kind\":\"reading\",\"value\":[1]}", "line 1, column 27: 'value': a number, true or false is wanted, but this is a list"),
        ("{\"kind\":\"reading\",\"vaule\":1}", "line 1, column 19: 'vaule': there is no key 'vaule'; did you mean 'value'?"),
        ("{\"kind\":7}", "line 1, column 9: 'kind': text is wanted, but this is a number; write it in quotes: \"7\""),
        // Wrong types
        ("{}", "line 1, column 1: 'type': a report needs 'type', but it is missing; add \"type\": fault, application, complaint, inquiry or another declared one"),
        ("{\"type\":null}", "line 1, column 1: 'type': a report needs 'type', but it is missing; add \"type\": fault, application, complaint, inquiry or another declared one"),
        ("{\"id\":123,\"type\":\"fault\"}", "line 1, column 7: 'id': text is wanted, but this is a number; write it in quotes: \"123\""),
        ("{\"type\":true}", "line 1, column 9: 'type': text is wanted, but this is true or false"),
        ("{\"type\":\"fault\",\"customers_out\":\"86\"}", "line 1, column 33: 'customers_out': a number is wanted, but this is text; write it without quotes"),
        ("{\"type\":\"fault\",\"customers_out\":8.5}", "line 1, column 33: 'customers_out': a whole number of customers is wanted; round it"),
        ("{\"type\":\"fault\",\"customers_out\":-1}", "line 1, column 33: 'customers_out': -1 customers cannot be out; write a number from 0 to 1000000000"),
        ("{\"type\":\"fault\",\"customers_out\":99999999999999999999}", "line 1, column 33: 'customers_out': this number is too large for 64 bits; write it as text in quotes"),
        ("{\"type\":\"fault\",\"capacity_kva\":1e999}", "line 1, column 32: 'capacity_kva': this number is too large for 64 bits; write it as text in quotes"),
        ("{\"type\":\"fault\",\"capacity_kva\":-1}", "line 1, column 32: 'capacity_kva': a capacity cannot be negative; write kVA, from 0 on"),
        ("{\"type\":\"fault\",\"fields\":{\"n\":12345678901234567890}}", "line 1, column 31: 'fields.n': this number is too large for 64 bits; write it as text in quotes"),
        ("{\"type\":\"fault\",\"fields\":{\"n\":01}}", "line 1, column 31: 'fields.n': a number does not begin with 0; write a number without leading zeros, or a text in quotes"),
        ("{\"type\":\"fault\",\"fields\":{\"n\":[1]}}", "line 1, column 31: 'fields.n': a text, a number, true or false is wanted, but this is a list"),
        ("{\"type\":\"fault\",\"fields\":[]}", "line 1, column 26: 'fields': an object is wanted, but this is a list"),
        ("{\"type\":\"fault\",\"place\":\"here\"}", "line 1, column 25: 'place': an object is wanted, but this is text"),
        // Places
        ("{\"type\":\"fault\",\"place\":{\"lat\":120.65,\"lon\":28.01}}", "line 1, column 32: 'place.lat': 120.65 is not a latitude; lat and lon look swapped"),
        ("{\"type\":\"fault\",\"place\":{\"lat\":91,\"lon\":181}}", "line 1, column 32: 'place.lat': 91.0 is not a latitude; write degrees from -90 to 90"),
        ("{\"type\":\"fault\",\"place\":{\"lon\":-180.5,\"lat\":1}}", "line 1, column 32: 'place.lon': -180.5 is not a longitude; write degrees from -180 to 180"),
        ("{\"type\":\"fault\",\"place\":{\"lat\":28.01}}", "line 1, column 25: 'place.lon': a place with 'lat' needs 'lon', but it is missing; give both or none"),
        ("{\"type\":\"fault\",\"place\":{\"lon\":28.01,\"lat\":null}}", "line 1, column 25: 'place.lat': a place with 'lon' needs 'lat', but it is missing; give both or none"),
        ("{\"type\":\"fault\",\"place\":{\"lat\":\"28\",\"lon\":1}}", "line 1, column 32: 'place.lat': a number is wanted, but this is text; write it without quotes"),
        ("{\"type\":\"fault\",\"place\":{\"lat\":28.0,\"lng\":120.6}}", "line 1, column 37: 'place.lng': there is no key 'lng'; did you mean 'lon'?"),
        // Times
        ("{\"type\":\"fault\",\"reported_at\":1795306500}", "line 1, column 31: 'reported_at': a time as text is wanted, but this is a number"),
        ("{\"type\":\"fault\",\"reported_at\":\"2026-11-22T08:15:00\"}",
         "line 1, column 31: 'reported_at': '2026-11-22T08:15:00' has no offset from UTC, so it names no instant; write 2026-11-22T08:15:00+08:00 (or the offset where it was taken)"),
        ("{\"type\":\"fault\",\"reported_at\":\"2026-11-22T24:61:00+08:00\"}",
         "line 1, column 31: 'reported_at': 24:61:00 is not a time of day; hours go from 00 to 23, minutes and seconds from 00 to 59: write it like 2026-11-22T08:15:00+08:00"),
        ("{\"type\":\"fault\",\"reported_at\":\"yesterday\"}", "line 1, column 31: 'reported_at': 'yesterday' is not a time; write it like 2026-11-22T08:15:00+08:00"),
        // Texts
        ("{\"type\":\"fault\",\"id\":\"\"}", "line 1, column 22: 'id': this must not be empty; give it a value, or leave the key out where it is optional"),
        ("{\"type\":\"\"}", "line 1, column 9: 'type': this must not be empty; give it a value, or leave the key out where it is optional"),
        ("{\"type\":\"fault\",\"id\":\"a\\nb\"}", "line 1, column 22: 'id': a line end stands in it; take it out"),
        ("{\"type\":\"fault\",\"id\":\"a\\tb\"}", "line 1, column 22: 'id': a tab stands in it; take it out"),
        ("{\"type\":\"fault\",\"id\":\"a\u{7F}b\"}", "line 1, column 22: 'id': the control character U+007F stands in it; take it out"),
        ("{\"type\":\"fault\",\"feeder\":\"a\u{85}b\"}", "line 1, column 26: 'feeder': the control character U+0085 stands in it; take it out"),
        ("{\"type\":\"fault\",\"description\":\"a\\u0000b\"}", "line 1, column 31: 'description': the control character U+0000 stands in it; take it out"),
        ("{\"type\":\"fault\",\"fields\":{\"a\\nb\":1}}", "line 1, column 27: 'fields': a line end stands in it; take it out"),
        ("{\"type\":\"fault\",\"fields\":{\"\":1}}", "line 1, column 27: 'fields': this must not be empty; give it a value, or leave the key out where it is optional"),
        ("{\"id\":\"断线断线\",\"type\":7}", "line 1, column 21: 'type': text is wanted, but this is a number; write it in quotes: \"7\""),
        // Misspelt keys
        ("{\"type\":\"fault\",\"catgory\":\"line_down\"}", "line 1, column 17: 'catgory': there is no key 'catgory'; did you mean 'category'?"),
        ("{\"type\":\"fault\",\"reportedAt\":\"x\"}", "line 1, column 17: 'reportedAt': there is no key 'reportedAt'; did you mean 'reported_at'?"),
        ("{\"Type\":\"fault\"}", "line 1, column 2: 'Type': there is no key 'Type'; did you mean 'type'?"),
        // Progress
        ("{\"kind\":\"progress\",\"task\":\"T-20261122-17\"}",
         "line 1, column 1: 'event': a progress needs 'event', but it is missing; add \"event\": accept, reject, contact, enroute, onsite, complete, close, cancel, suspend, resume, callback, assign, priority, merge, split"),
        ("{\"kind\":\"progress\",\"event\":\"accept\"}", "line 1, column 1: 'task': a progress needs 'task', but it is missing; add \"task\""),
        ("{\"kind\":\"progress\",\"task\":\"T-20261122-017\",\"event\":\"accept\"}",
         "line 1, column 27: 'task': 'T-20261122-017' is not a task's number; write it like T-20261122-17"),
        ("{\"kind\":\"progress\",\"task\":\"T-20261122-17\",\"event\":\"acept\"}", "line 1, column 51: 'event': there is no event 'acept'; did you mean 'accept'?"),
        ("{\"kind\":\"progress\",\"task\":\"T-20261122-17\",\"event\":\"assign\"}", "line 1, column 1: 'to': assign needs 'to', but it is missing; add \"to\": a crew or a department"),
        ("{\"kind\":\"progress\",\"task\":\"T-20261122-17\",\"event\":\"priority\"}",
         "line 1, column 1: 'priority': priority needs 'priority', but it is missing; add \"priority\": emergency, high, normal, low"),
        ("{\"kind\":\"progress\",\"task\":\"T-20261122-17\",\"event\":\"priority\",\"priority\":\"urgent\"}",
         "line 1, column 73: 'priority': there is no priority 'urgent'; one of emergency, high, normal, low"),
        ("{\"kind\":\"progress\",\"task\":\"T-20261122-17\",\"event\":\"accept\",\"to\":\"a\"}",
         "line 1, column 65: 'to': 'to' goes with the events assign and merge only, not with accept; take it out, or send assign"),
        ("{\"kind\":\"progress\",\"task\":\"T-20261122-17\",\"event\":\"accept\",\"priority\":\"low\"}",
         "line 1, column 71: 'priority': 'priority' goes with the event priority only, not with accept; take it out, or send priority"),
        // Crews and customers
        ("{\"kind\":\"crew\",\"on_duty\":true}", "line 1, column 1: 'crew': a crew signal needs 'crew', but it is missing; add \"crew\""),
        ("{\"kind\":\"crew\",\"crew\":\"north-2\"}",
         "line 1, column 1: a crew signal says nothing: neither 'on_duty' nor 'serves' nor a 'place' with lat and lon is there; add one of them"),
        ("{\"kind\":\"crew\",\"crew\":\"north-2\",\"on_duty\":\"yes\"}", "line 1, column 43: 'on_duty': true or false is wanted, but this is text; write it without quotes"),
        ("{\"kind\":\"customer\",\"facts\":{}}", "line 1, column 1: 'customer': a customer's record needs 'customer', but it is missing; add \"customer\""),
        ("{\"kind\":\"customer\",\"customer\":\"3302001234\"}", "line 1, column 1: 'facts': a customer's record needs 'facts', but it is missing; add \"facts\""),
        ("{\"kind\":\"customer\",\"customer\":\"1\",\"facts\":{\"a\":{}}}",
         "line 1, column 48: 'facts.a': a text, a number, true or false is wanted, but this is an object"),
        // Contractors
        ("{\"kind\":\"contractor\",\"scores\":{\"quality\":92}}",
         "line 1, column 1: 'contractor': what is said of a contractor needs 'contractor', but it is missing; add \"contractor\""),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"job\":\"j\",\"scores\":{\"quality\":100.01}}",
         "line 1, column 71: 'scores.quality': a score of 100.01 is beyond the scale; write points from 0 to 100"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"job\":\"j\",\"scores\":{\"quality\":-1}}",
         "line 1, column 71: 'scores.quality': a score of -1.0 is beyond the scale; write points from 0 to 100"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"job\":\"j\",\"scores\":{\"quality\":NaN}}",
         "line 1, column 71: 'scores.quality': 'NaN' is not a JSON value; texts stand in double quotes"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"job\":\"j\",\"scores\":{\"quality\":\"good\"}}",
         "line 1, column 71: 'scores.quality': a number is wanted, but this is text; write it without quotes"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"job\":\"j\",\"scores\":{\"quality\":1,\"quality\":2}}",
         "line 1, column 73: 'scores.quality': the key 'quality' stands here twice; keep one of them"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"scores\":{\"quality\":92}}",
         "line 1, column 1: 'job': a job that was scored needs 'job', but it is missing; add \"job\": the task's number, or a name of the job; the same job again replaces its scores"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"job\":\"j\"}",
         "line 1, column 1: 'scores': what is said of a contractor needs 'scores', but it is missing; add \"scores\": {\"quality\": 92}, or \"event\": accident, fraud, suspend, exclude, rectified"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"event\":\"suspended\"}", "line 1, column 49: 'event': there is no event 'suspended'; did you mean 'suspend'?"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"event\":\"suspend\",\"scores\":{\"quality\":9}}",
         "line 1, column 1: 'scores' and 'event' are two things: a job that was scored, and something that happened; send them one after the other"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"event\":\"fraud\",\"until\":\"2027-01-01T00:00:00+08:00\"}",
         "line 1, column 65: 'until': 'until' goes with the events suspend and exclude only, not with fraud; take it out"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"event\":\"suspend\",\"until\":\"2027-01-01\"}",
         "line 1, column 67: 'until': '2027-01-01' has no time of day; write it like 2027-01-01T08:15:00+08:00"),
        ("{\"kind\":\"contractor\",\"contractor\":\"c-7\",\"contracter\":\"c-7\",\"evnt\":\"fraud\"}", "line 1, column 60: 'evnt': there is no key 'evnt'; did you mean 'event'?"),
    ]

    @Test(arguments: table.indices) func eachMistakeIsToldWithItsPlaceAndARemedy(_ index: Int) {
        let (input, expected) = Self.table[index]
        #expect(faultText(input) == expected)
    }

    @Test func unknownKeysThatLookLikeNothingKnownArePassedOver() throws {
        let plain = try decoded(#"{"type":"fault","id":"a"}"#).get()
        // `size` looks like `site`, but the object has its `site`; `time`, `no` and `ip` are too short or too far from anything.
        let extended = try decoded(#"{"type":"fault","id":"a","phone":"139","version":{"a":[1,"\n",null]},"time":1,"no":2,"ip":"x","":0}"#).get()
        #expect(plain.key == extended.key && plain.digest == extended.digest && plain.body == extended.body)
        #expect(plain.leftOut.isEmpty && extended.leftOut == ["phone", "version", "time", "no", "ip", ""])
        #expect(faultText(#"{"type":"fault","size":1}"#).contains("did you mean 'site'?"))
        #expect(throws: Never.self) { try decoded(#"{"type":"fault","site":"urban","size":1}"#).get() }
    }

    @Test func nullAndEmptyTextMeanAbsent() throws {
        let plain = try decoded(#"{"id":"a","type":"fault"}"#).get()
        let nulls = try decoded(
            #"{"kind":null,"id":"a","source":null,"type":"fault","category":null,"reported_at":null,"customer":null,"place":null,"site":null,"voltage":null,"urgency":null,"feeder":null,"transformer":null,"customers_out":null,"capacity_kva":null,"description":null,"fields":null}"#
        ).get()
        let empty = try decoded(
            #"{"id":"a","type":"fault","category":"","reported_at":"","customer":"","place":{"address":"","district":""},"site":"","feeder":"","description":"","fields":{"x":null}}"#
        ).get()
        #expect(nulls == plain)
        #expect(empty == plain)
    }

    @Test func limitsOfLengthAreExact() throws {
        func report(_ key: String, _ value: String) -> String { #"{"type":"fault","\#(key)":"\#(value)"}"# }
        #expect(throws: Never.self) { try decoded(report("id", String(repeating: "断", count: 200))).get() }
        #expect(faultText(report("id", String(repeating: "断", count: 201))) == "line 1, column 22: 'id': 201 characters are too many; at most 200 are taken")
        #expect(throws: Never.self) { try decoded(report("description", String(repeating: "断", count: 10_000))).get() }
        #expect(faultText(report("description", String(repeating: "x", count: 10_001))).hasSuffix("10001 characters are too many; at most 10000 are taken"))
        let fields = (0..<256).map { "\"f\($0)\":1" }.joined(separator: ",")
        #expect(throws: Never.self) { try decoded("{\"type\":\"fault\",\"fields\":{\(fields)}}").get() }
        #expect(faultText("{\"type\":\"fault\",\"fields\":{\(fields),\"g\":1}}").contains("more than 256 fields"))
    }

    @Test func aMebibyteIsTakenAndOneByteMoreIsNot() throws {
        let frame = #"{"type":"fault","x":""}"#
        let filler = String(repeating: "y", count: InputCodec.bytesMax - frame.utf8.count)
        let fits = #"{"type":"fault","x":"\#(filler)"}"#
        #expect(fits.utf8.count == InputCodec.bytesMax)
        #expect(throws: Never.self) { try decoded(fits).get() }
        #expect(faultText(fits + " ") == "line 1, column 1: 1048577 bytes are too many for one input; at most 1048576 are taken")
        #expect(faultText(String(repeating: " ", count: 2 << 20)) == "line 1, column 1: 2097152 bytes are too many for one input; at most 1048576 are taken")
    }

    @Test func aDepthOfTenThousandIsRefusedAtTheSixtyFifth() {
        let lists = #"{"type":"fault","x":"# + String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000) + "}"
        #expect(faultText(lists).hasSuffix("more than 64 objects and lists inside one another; flatten it"))
        #expect(faultText(lists).hasPrefix("line 1, column 84: "))
        let objects = String(repeating: #"{"a":"#, count: 10_000)
        #expect(faultText(objects).hasPrefix("line 1, column 321: "))
        #expect(faultText(objects).hasSuffix("more than 64 objects and lists inside one another; flatten it"))
        let allowed = #"{"type":"fault","x":"# + String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + "}"
        #expect(throws: Never.self) { try decoded(allowed).get() }
    }

    @Test func invalidUTF8IsRefusedWithItsPlace() {
        let broken: [([UInt8], String)] = [
            ([0xFF], "0xff"), ([0xC0, 0xAF], "0xc0"), ([0xED, 0xA0, 0x80], "0xed"), ([0xF4, 0x90, 0x80, 0x80], "0xf4"), ([0xE4, 0xB8], "0xe4"), ([0x80], "0x80"),
        ]
        for (bytes, name) in broken {
            let text = Array(#"{"type":"fault","description":"断"#.utf8) + bytes + Array("\"}".utf8)
            do throws(InputFault) {
                _ = try InputCodec.decode(text, defaultSource: SourceID("door"))
                Issue.record("taken: \(bytes)")
            } catch {
                #expect(error.description == "line 1, column 33: 'description': byte \(name) is not UTF-8; save or send the text as UTF-8")
            }
        }
    }

    @Test func aFaultKeepsWhatCouldBeReadOfIdAndSource() {
        func fault(_ text: String) -> InputFault? {
            if case .failure(let fault) = decoded(text) { fault } else { nil }
        }
        #expect(fault(#"{"type":7,"source":"95598","id":"a"}"#)?.id == "a")
        #expect(fault(#"{"type":7,"source":"95598","id":"a"}"#)?.source == SourceID("95598"))
        #expect(fault(#"{"id":"a","type":"fau"#)?.id == "a")
        #expect(fault(#"{"type":7}"#)?.id == nil)
        #expect(fault(#"{"type":7}"#)?.source == SourceID("door"))
        let receipt = Receipt(rejecting: InputFault(code: .missing, message: "m", id: "a"), source: SourceID("s"))
        #expect(receipt == Receipt(id: "a", source: SourceID("s"), status: .rejected, reason: "line 1, column 1: m"))
    }

    @Test func linesOfAFileAreCountedFromTheFilesBeginning() {
        do throws(InputFault) {
            _ = try InputCodec.decode("{\"type\":\n7}".utf8, defaultSource: SourceID("door"), line: 41)
            Issue.record("taken")
        } catch {
            #expect(error.line == 42)
            #expect(error.column == 1)
            #expect(error.path == "type")
            #expect(error.code == .wrongType)
        }
    }
}
