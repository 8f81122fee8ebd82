package import Domain
import Rules

extension Telemetry {
    // MARK: Crossings

    /// `monitoring.heavy-load:T-991:load_ratio:2026-11-22T00:15:00Z`
    func reportID(_ rule: String, _ device: DeviceID, _ quantity: String, _ at: Instant) -> String {
        Self.fitted(([rule, device.rawValue] + (quantity.isEmpty ? [] : [quantity]) + [at.rfc3339()]).joined(separator: ":"))
    }

    static func fitted(_ id: String) -> String {
        id.unicodeScalars.count <= InputLimits.idScalarsMax ? id : "watch:" + ContentDigest(sha256: Array(id.utf8)).hex
    }

    mutating func raise(_ by: Reporter, _ id: String, _ template: ReportTemplate, _ device: WatchedDevice, _ at: Instant, description: String) {
        let report = template.report(of: device, at: at, description: description)
        pending.append(Crossing(by: by, input: InputCodec.input(.report(report), id: id, source: Self.source)))
        undecided.insert(id)
    }

    mutating func recover(_ by: Reporter, _ rule: String, _ report: OpenReport, _ at: Instant, note: String) {
        // What people have ended needs no recovery.
        guard report.endedAt == nil, !report.tasks.isEmpty || undecided.contains(report.id) else { return }
        let recovery = Recovery(device: by.device, rule: rule, report: report.id, tasks: report.tasks, at: at, note: note)
        let id = "recovered:" + report.id
        pending.append(
            Crossing(by: by, input: InputCodec.input(.recovered(recovery), id: Self.fitted(id), source: Self.source), recovers: report.id))
    }

    /// What must be decided now, in order: reports and recoveries of our own. Ask again until there is none; hand each receipt to `decided`.
    package mutating func crossings(at now: Instant, limit: Int = 256) -> [Input] {
        openWhatIsDue(at: now, limit: limit)
        var count = 0
        // A recovery needs the tasks that its report came to.
        while count < pending.count, count < limit, pending[count].recovers.map({ !undecided.contains($0) }) ?? true { count += 1 }
        guard count > 0 else { return [] }
        let out = Array(pending[..<count])
        pending.removeFirst(count)
        handedOut += out
        return out.map(\.input)
    }

    /// What was decided about a crossing.
    package mutating func decided(_ input: Input, _ receipt: Receipt) {
        guard let crossing = handedOut.last(where: { $0.input.key == input.key }), crossing.recovers == nil else { return }
        undecided.remove(input.key.id)
        let tasks = receipt.tasks
        for place in pending.indices where pending[place].recovers == input.key.id {
            guard case .recovered(var recovery) = pending[place].input.body else { continue }
            recovery.tasks = tasks
            pending[place].input = InputCodec.input(.recovered(recovery), id: pending[place].input.key.id, source: Self.source)
        }
        if let known = report(of: crossing.by), known.id == input.key.id {
            undo.append(.report(crossing.by, known))
            set(OpenReport(id: known.id, tasks: tasks), of: crossing.by)
        }
        for task in tasks {
            undo.append(.task(task, byTask[task]))
            byTask[task, default: []].append(crossing.by)
        }
    }

    /// What became of the tasks of reports that devices made.
    package mutating func note(_ decision: Decision) {
        guard !byTask.isEmpty else { return }
        for case .task(_, let after) in decision.changes {
            guard let reporters = byTask[after.id] else { continue }
            for by in reporters { follow(after, by) }
            guard after.state.isFinal else { continue }
            undo.append(.task(after.id, reporters))
            byTask[after.id] = nil
            guard after.state == .merged, let into = after.mergedInto else { continue }
            undo.append(.task(into, byTask[into]))
            byTask[into, default: []] += reporters
        }
    }

    mutating func follow(_ task: WorkTask, _ by: Reporter) {
        guard let known = report(of: by), let place = known.tasks.firstIndex(of: task.id) else { return }
        switch task.state {
        case .merged:
            guard let into = task.mergedInto else { return }
            var tasks = known.tasks
            tasks[place] = into
            undo.append(.report(by, known))
            set(OpenReport(id: known.id, tasks: tasks, endedAt: known.endedAt), of: by)
        case .completed, .closed, .cancelled:
            // The first of several speaks for all.
            guard place == 0, known.endedAt == nil else { return }
            end(known, by, at: task.since, isDone: task.state != .cancelled)
        case .queued, .dispatched, .accepted, .enroute, .onsite, .suspended:
            // Opened again.
            guard place == 0, known.endedAt != nil else { return }
            undo.append(.report(by, known))
            set(OpenReport(id: known.id, tasks: known.tasks), of: by)
        }
    }

    mutating func end(_ known: OpenReport, _ by: Reporter, at: Instant, isDone: Bool) {
        if by.quantity.isEmpty, isDone {
            guard let (number, slot) = upkeepPlace(of: by) else { return }
            undo.append(.upkeep(by, devices[number].upkeep[slot].state))
            // From here anew.
            devices[number].upkeep[slot].state.used = 0
            devices[number].upkeep[slot].state.maintainedAt = at
            devices[number].upkeep[slot].state.report = nil
            mark(book.maintenance[Int(devices[number].upkeep[slot].rule)].name, .cleared)
            press(number)
            schedule(Int32(number))
            return
        }
        undo.append(.report(by, known))
        set(OpenReport(id: known.id, tasks: known.tasks, endedAt: at), of: by)
        if by.quantity.isEmpty {
            if let number = index.number(of: by.device) { schedule(Int32(number)) }
            return
        }
        guard let (number, place, slot) = watchPlace(of: by) else { return }
        let ruleNumber = Int(plans[Int(devices[number].channels[place].plan)][slot])
        guard case .silent(let span) = book.rules[ruleNumber].trigger else { return }
        // Silent once more when it was not heard for `again_after` from here on.
        devices[number].channels[place].watches[slot].phase = .quiet
        devices[number].channels[place].watches[slot].since = Instant(
            milliseconds: clocks[ruleNumber] + book.rules[ruleNumber].againAfter.milliseconds - span.milliseconds)
        nextSilent[ruleNumber] = min(nextSilent[ruleNumber], clocks[ruleNumber] + book.rules[ruleNumber].againAfter.milliseconds)
    }

    // MARK: Where a reporter's state is

    func watchPlace(of by: Reporter) -> (device: Int, channel: Int, slot: Int)? {
        guard let number = index.number(of: by.device), let quantity = quantityNumbers[by.quantity],
            let place = devices[number].channels.firstIndex(where: { $0.quantity == quantity }),
            let slot = plans[Int(devices[number].channels[place].plan)].firstIndex(where: { book.rules[Int($0)].digest.name == by.rule })
        else { return nil }
        return (number, place, slot)
    }

    func upkeepPlace(of by: Reporter) -> (device: Int, slot: Int)? {
        guard let number = index.number(of: by.device),
            let slot = devices[number].upkeep.firstIndex(where: { book.maintenance[Int($0.rule)].digest.name == by.rule })
        else { return nil }
        return (number, slot)
    }

    func report(of by: Reporter) -> OpenReport? {
        if by.quantity.isEmpty { return upkeepPlace(of: by).flatMap { devices[$0.device].upkeep[$0.slot].state.report } }
        return watchPlace(of: by).flatMap { devices[$0.device].channels[$0.channel].watches[$0.slot].report }
    }

    mutating func set(_ report: OpenReport?, of by: Reporter) {
        if by.quantity.isEmpty {
            guard let (number, slot) = upkeepPlace(of: by) else { return }
            devices[number].upkeep[slot].state.report = report
            press(number)
        } else if let (number, place, slot) = watchPlace(of: by) {
            devices[number].channels[place].watches[slot].report = report
            press(number)
        }
    }

    mutating func soil(_ number: Int) {
        guard !devices[number].isDirty else { return }
        devices[number].isDirty = true
        dirty.append(Int32(number))
    }

    /// Its row goes with the next commit.
    mutating func press(_ number: Int) {
        soil(number)
        devices[number].isUrgent = true
    }

    // MARK: On disk

    /// Whether a checkpoint would write anything.
    package var isDirty: Bool { !dirty.isEmpty }

    /// The rows to commit with what was decided since the last one: at most `max`, and all that a decision has touched. `didCommit` or `failed` comes next.
    package mutating func checkpoint(max: Int) -> [DeviceRow] {
        precondition(underWay == nil, "one batch at a time")
        // What has crossed and is not decided yet would be lost with a crash if its row were there first.
        let waiting = Set((pending + handedOut.filter { undecided.contains($0.input.key.id) }).compactMap { index.number(of: $0.by.device) })
        var rows: [DeviceRow] = []
        var kept: [Int32] = []
        var taken: [Int32] = []
        for number in dirty {
            guard !waiting.contains(Int(number)), devices[Int(number)].isUrgent || rows.count < max else {
                kept.append(number)
                continue
            }
            devices[Int(number)].isDirty = false
            devices[Int(number)].isUrgent = false
            taken.append(number)
            rows.append(row(of: Int(number)))
        }
        dirty = kept
        underWay = (handedOut, undo, taken)
        handedOut = []
        undo = []
        return rows
    }

    /// What the last checkpoint gave is on disk.
    package mutating func didCommit() { underWay = nil }

    /// It is not, and neither is what was decided since: crossings are handed out again, and rows written later.
    package mutating func failed() {
        for step in undo.reversed() + (underWay?.undo ?? []).reversed() {
            switch step {
            case .task(let task, let reporters): byTask[task] = reporters
            case .report(let by, let report):
                // Unless it has recovered since.
                if let known = self.report(of: by), known.id == report?.id { set(report, of: by) }
            case .upkeep(let by, let state):
                guard let (number, slot) = upkeepPlace(of: by) else { continue }
                // What was counted since stays counted.
                let since = devices[number].upkeep[slot].state
                devices[number].upkeep[slot].state = state
                devices[number].upkeep[slot].state.used += since.used
                devices[number].upkeep[slot].state.last = since.last
                schedule(Int32(number))
            }
        }
        undo = []
        for number in underWay?.devices ?? [] { press(Int(number)) }
        let again = (underWay?.crossings ?? []) + handedOut
        for crossing in again where crossing.recovers == nil { undecided.insert(crossing.input.key.id) }
        pending = again + pending
        handedOut = []
        underWay = nil
    }

    /// What the operators should know, once.
    package mutating func takeRemarks() -> [Remark] {
        defer { remarks = [] }
        return remarks
    }

    func row(of number: Int) -> DeviceRow {
        DeviceRow(
            device: index.devices[number].id,
            channels: devices[number].channels.map { channel in
                let plan = plans[Int(channel.plan)]
                var watches: [DeviceRow.Watch] = []
                for (slot, state) in channel.watches.enumerated() {
                    let rule = book.rules[Int(plan[slot])]
                    if case .silent = rule.trigger {} else if state.phase == .quiet { continue }
                    watches.append(DeviceRow.Watch(rule: rule.digest, state: state))
                }
                return DeviceRow.Channel(
                    quantity: quantities[Int(channel.quantity)].code, value: channel.value, at: channel.at, minute: channel.minute,
                    inMinute: channel.inMinute, watches: watches)
            },
            upkeep: devices[number].upkeep.map { DeviceRow.Upkeep(rule: book.maintenance[Int($0.rule)].digest, state: $0.state) })
    }

    /// A row under the rules in force; what they no longer know is left out.
    mutating func load(_ row: DeviceRow) {
        guard let number = index.number(of: row.device) else { return }
        var device = Device()
        for stored in row.channels {
            guard let quantity = quantityNumbers[stored.quantity] else { continue }
            let declared = quantities[Int(quantity)]
            // A quantity that has become a flag, or a number, begins anew.
            if case .flag = stored.value { guard declared.isFlag else { continue } } else { guard !declared.isFlag else { continue } }
            var channel = channel(number, Int(quantity), stored.value, stored.at)
            channel.minute = stored.minute
            channel.inMinute = stored.inMinute
            for (slot, ruleNumber) in plans[Int(channel.plan)].enumerated() {
                let rule = book.rules[Int(ruleNumber)]
                guard let watch = stored.watches.first(where: { $0.rule.name == rule.digest.name }) else { continue }
                if watch.rule == rule.digest {
                    channel.watches[slot] = watch.state
                    // The clock has listened at least until the device was heard last. A mark ahead of it (people have ended the task) says nothing.
                    if case .silent = rule.trigger, watch.state.report?.endedAt == nil {
                        clocks[Int(ruleNumber)] = max(clocks[Int(ruleNumber)], watch.state.since.milliseconds)
                    }
                } else if watch.state.phase == .raised {
                    channel.watches[slot].phase = .raised
                    channel.watches[slot].report = watch.state.report
                    if case .silent = rule.trigger {} else { channel.watches[slot].since = watch.state.since }
                }
            }
            device.channels.append(channel)
        }
        for stored in row.upkeep {
            guard let rule = book.maintenance.firstIndex(where: { $0.digest == stored.rule }), book.maintenance[rule].isAbout(index.devices[number]) else { continue }
            device.upkeep.append((Int32(rule), stored.state))
        }
        guard !device.channels.isEmpty || !device.upkeep.isEmpty else { return }
        devices[number] = device
        active.append(Int32(number))
        let reporters =
            row.channels.flatMap { channel in channel.watches.map { (Reporter(device: row.device, quantity: channel.quantity, rule: $0.rule.name), $0.state.report) } }
            + row.upkeep.map { (Reporter(device: row.device, quantity: "", rule: $0.rule.name), $0.state.report) }
        for (by, report) in reporters {
            for task in report?.tasks ?? [] where self.report(of: by) != nil { byTask[task, default: []].append(by) }
        }
    }
}
