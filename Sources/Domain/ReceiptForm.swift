extension Receipt {
    /// `{"id":"…","source":"…","status":"accepted","tasks":["T-…"],"rule":"…","reason":"…","answer":{"zh":"…","en":"…"},"remarks":["…"]}`; what is absent or empty is left
    /// out, but for `tasks`.
    package func json() -> [UInt8] {
        var writer = JSONWriter(capacity: 192)
        write(to: &writer)
        return writer.bytes
    }

    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id)
            $0.field("source", source.rawValue)
            $0.field("status", status.rawValue)
            $0.key("tasks")
            $0.array { for task in tasks { $0.string(task.description) } }
            $0.field("case", kase?.description)
            $0.field("rule", rule)
            $0.field("reason", reason)
            if let answer {
                $0.key("answer")
                $0.object {
                    $0.field("zh", answer.chinese)
                    $0.field("en", answer.english)
                }
            }
            guard !remarks.isEmpty else { return }
            $0.key("remarks")
            $0.array { for remark in remarks { $0.string(remark) } }
        }
    }

    /// A receipt as the daemon wrote it; keys of later versions are passed over.
    package init(json: some Collection<UInt8>) throws(JSONFault) { try self.init(try JSONValue.parse(json)) }

    package init(_ value: JSONValue) throws(JSONFault) {
        func fault(_ key: String) -> JSONFault {
            JSONFault(code: .missing, message: "this is no receipt: '\(key)' is missing or not what it should be", suggestion: nil, line: 1, column: 1, path: key)
        }
        guard let id = value["id"]?.string else { throw fault("id") }
        guard let source = value["source"]?.string else { throw fault("source") }
        guard let status = value["status"]?.string.flatMap({ ReceiptStatus(rawValue: $0) }) else { throw fault("status") }
        var tasks: [TaskID] = []
        for task in value["tasks"]?.array ?? [] {
            guard let number = task.string.flatMap({ TaskID($0) }) else { throw fault("tasks") }
            tasks.append(number)
        }
        self.init(
            id: id, source: SourceID(source), status: status, tasks: tasks, rule: value["rule"]?.string, reason: value["reason"]?.string)
        if let text = value["case"]?.string {
            guard let number = CaseID(text) else { throw fault("case") }
            kase = number
        }
        if let text = value["answer"], let chinese = text["zh"]?.string, let english = text["en"]?.string {
            answer = Translation(chinese: chinese, english: english)
        }
        remarks = (value["remarks"]?.array ?? []).compactMap(\.string)
    }

    /// What the sender of an input that can't be read gets: `rejected`, with the fault as the reason. `id` is empty when none could be read.
    package init(rejecting fault: InputFault, source: SourceID) {
        self.init(id: fault.id ?? "", source: fault.source ?? source, status: .rejected, reason: fault.description)
    }
}
