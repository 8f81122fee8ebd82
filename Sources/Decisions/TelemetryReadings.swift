package import Domain
import HeapModule
import Rules

extension Telemetry {
    // MARK: Readings

    /// Folds a reading into the state of its device.
    /// - Precondition: the input is a reading.
    package mutating func take(_ input: Input, at now: Instant) -> Receipt {
        var receipt = Receipt(id: input.key.id, source: input.key.source, status: .accepted)
        guard case .reading(let reading) = input.body else { preconditionFailure("only readings take the side stair") }
        let known = index.number(of: reading.device)
        let declared = quantityNumbers[reading.quantity]
        let refusal = refusal(of: reading, isKnown: known != nil, declared, at: now)
        guard let number = known, let quantity = declared, refusal == nil else {
            receipt.status = .rejected
            receipt.reason = refusal
            return receipt
        }
        if !input.leftOut.isEmpty {
            receipt.remarks.append(
                "\(input.leftOut.map { "'\($0)'" }.joined(separator: ", ")): nobody reads this of a reading, and what it says was left out")
        }
        let place = devices[number].channels.firstIndex { $0.quantity == quantity }
        var previous: Instant?
        if let place {
            let known = devices[number].channels[place].at
            if reading.at == known {
                if devices[number].channels[place].value == reading.value {
                    receipt.status = .duplicate
                } else {
                    receipt.status = .conflict
                    receipt.reason =
                        "\(reading.device) has shown another \(reading.quantity) at the same instant, \(devices[number].channels[place].value.shown); a value that is corrected needs a later 'at'"
                }
                return receipt
            }
            // The one place where it is said what is late: only the newest counts, and what came after it can't be undone.
            if reading.at < known {
                receipt.remarks.append(
                    "too late to count: \(reading.device) has shown its \(reading.quantity) of \(known.rfc3339(in: rules.site.zone)) already")
                return receipt
            }
            previous = known
        }
        hear(now)
        let last = place.map { devices[number].channels[$0].value }
        let at: Int
        if let place {
            at = place
        } else {
            let new = channel(number, Int(quantity), reading.value, reading.at)
            if devices[number].channels.isEmpty, devices[number].upkeep.isEmpty { active.append(Int32(number)) }
            devices[number].channels.append(new)
            at = devices[number].channels.count - 1
        }
        let minute = reading.at.milliseconds / 60_000
        if devices[number].channels[at].minute == minute {
            devices[number].channels[at].inMinute += 1
        } else {
            devices[number].channels[at].minute = minute
            devices[number].channels[at].inMinute = 1
        }
        devices[number].channels[at].value = reading.value
        devices[number].channels[at].at = reading.at
        soil(number)
        if devices[number].channels[at].inMinute > Self.readingsPerMinuteMax {
            flood(number, reading)
        } else {
            watch(number, at, reading, last: last, previous: previous, now)
            upkeep(number, at, reading)
        }
        for rule in silentRules where clocks[rule] >= nextSilent[rule] { sweep(rule, now) }
        return receipt
    }

    /// What is wrong with a reading; nil: it can be folded in.
    mutating func refusal(of reading: Reading, isKnown: Bool, _ declared: Int32?, at now: Instant) -> String? {
        if reading.at > now + .minutes(Limits.futureToleranceMinutes) {
            return
                "'at' \(reading.at.rfc3339(in: rules.site.zone)) lies \(shown(reading.at - now)) ahead of our clock (\(now.rfc3339(in: rules.site.zone))); set the clock of the device"
        }
        if now - reading.at > Self.ageMax {
            return
                "'at' \(reading.at.rfc3339(in: rules.site.zone)) is \(shown(now - reading.at)) ago; what is older than a day says nothing of how things stand, and is not taken in"
        }
        guard isKnown else { return unknown(reading.device) }
        guard let number = declared else {
            return undeclared("quantity", reading.quantity, quantities.map(\.code), at: "values: quantity:")
        }
        let quantity = quantities[Int(number)]
        switch reading.value {
        case .flag where !quantity.isFlag:
            return "\(quantity.code) is a number in '\(quantity.unit)', and true or false is none (site.yaml, values: quantity:)"
        case .number where quantity.isFlag: return "\(quantity.code) is a flag: send true or false (site.yaml, values: quantity:)"
        case .number(let value) where !value.isFinite: return "the value is no finite number; leave a reading out that has no value"
        case .number, .flag: break
        }
        if let unit = reading.unit, unit != quantity.unit {
            let share = unit == "%" && quantity.unit == "1" ? reading.value.hundredth : nil
            return
                "\(quantity.code) is declared in '\(quantity.unit)', and this reading is in '\(clipped(unit, to: 40))'; \(share.map { "send \($0) with unit 1" } ?? "convert it, and send it in '\(quantity.unit)'") (site.yaml, values: quantity:)"
        }
        if case .number(let value) = reading.value, value < quantity.lowest ?? value || value > quantity.highest ?? value {
            let bounds = [quantity.lowest.map { "from \(brief($0))" }, quantity.highest.map { "to \(brief($0))" }].compactMap { $0 }.joined(separator: " ")
            return "\(quantity.code) \(brief(value)) can't be: it is \(bounds) \(quantity.unit) (site.yaml, values: quantity:); is the unit right, or the sensor broken?"
        }
        return nil
    }

    mutating func unknown(_ device: DeviceID) -> String {
        if let known = suggested[device] { return known }
        let name = clipped(device.rawValue, to: 80)
        let where_ = "(a transformer or feeder of the network register, a district, or a row of a module's 'devices:')"
        guard suggested.count < Self.suggestionsMax else { return "there is no device '\(name)' \(where_)" }
        let near = nearestName(to: device.rawValue, among: index.devices.map(\.id.rawValue))
        let reason = "there is no device '\(name)'\(near.map { "; did you mean '\($0)'?" } ?? "") \(where_)"
        suggested[device] = reason
        return reason
    }

    /// Somebody is heard: the rules that listen have listened on.
    mutating func hear(_ now: Instant) {
        let gap = lastHeard.map { max(0, (now - $0).milliseconds) } ?? 0
        lastHeard = now
        guard gap > 0 else { return }
        for rule in silentRules {
            guard case .silent(let span) = book.rules[rule].trigger else { continue }
            clocks[rule] += min(gap, span.milliseconds / 2)
        }
    }

    /// Told once for a device and hour.
    mutating func flood(_ number: Int, _ reading: Reading) {
        let hour = reading.at.milliseconds / 3_600_000
        guard devices[number].saidHour != hour else { return }
        devices[number].saidHour = hour
        remarks.append(
            Remark(
                kind: .device_floods,
                text:
                    "device \(reading.device) sends more than \(Self.readingsPerMinuteMax) readings of \(reading.quantity) a minute; the newest value is kept, and no rule looks at those beyond"
            ))
    }

    mutating func watch(_ number: Int, _ place: Int, _ reading: Reading, last: Reading.Value?, previous: Instant?, _ now: Instant) {
        let plan = plans[Int(devices[number].channels[place].plan)]
        guard !plan.isEmpty else { return }
        let device = index.devices[number]
        let quantity = quantities[Int(devices[number].channels[place].quantity)]
        var subject = ReadingSubject(device: device, quantity: quantity.code, unit: quantity.unit, value: reading.value, at: reading.at)
        var change: Double?
        if let previous, case .number(let value) = reading.value, case .number(let last)? = last {
            let hours = Double((reading.at - previous).milliseconds) / 3_600_000
            change = (value - last) / hours
        }
        var failure: (rule: WatchRule, message: String)?
        for (slot, ruleNumber) in plan.enumerated() {
            let rule = book.rules[Int(ruleNumber)]
            if let previous, let change, reading.at - previous <= rule.gap { subject.perHour = change } else { subject.perHour = nil }
            if rule.asksLatest { subject.others = others(number, at: reading.at, gap: rule.gap) }
            let before = devices[number].channels[place].watches[slot].phase
            let report = devices[number].channels[place].watches[slot].report
            let step = devices[number].channels[place].watches[slot].step(
                rule.trigger, gap: rule.gap, againAfter: rule.againAfter, hasClears: rule.hasClears, at: reading.at, previous: previous
            ) { test in
                switch test == .when ? rule.when(subject) : rule.clears(subject) {
                case .yes: return true
                case .no: return false
                case .failed(let message):
                    failure = (rule, message)
                    return false
                }
            }
            if step == .raise { mark(rule.name, .raised) }
            if case .silent = rule.trigger {
                devices[number].channels[place].watches[slot].since = Instant(milliseconds: clocks[Int(ruleNumber)])
                devices[number].channels[place].watches[slot].report = nil
            }
            switch step {
            case .nothing:
                if marks != nil, before == .holding, devices[number].channels[place].watches[slot].phase == .quiet { mark(rule.name, .fell) }
            case .raise:
                let id = reportID(rule.name, device.id, quantity.code, reading.at)
                devices[number].channels[place].watches[slot].report = OpenReport(id: id)
                let length: TimeSpan? = if case .holds(let length) = rule.trigger, length > .zero { length } else { nil }
                raise(
                    Reporter(device: device.id, quantity: quantity.code, rule: rule.digest.name), id, rule.report, device, reading.at,
                    description: describe(rule, quantity, reading.value, length) + (rule.hasRoom ? whoHasRoom(rule, number, quantity, reading.at) : ""))
            case .recover:
                devices[number].channels[place].watches[slot].report = nil
                mark(rule.name, .cleared)
                if let report {
                    recover(
                        Reporter(device: device.id, quantity: quantity.code, rule: rule.digest.name), rule.name, report, reading.at,
                        note: "\(quantity.code) \(reading.value.shown)")
                }
            }
        }
        if let failure { fail(failure.rule, failure.message) }
    }

    mutating func mark(_ rule: String, _ kind: WatchMark.Kind) { marks?.insert(WatchMark(rule: rule, kind: kind)) }

    /// A condition that fails is named once, as long as the rules stay.
    mutating func fail(_ rule: WatchRule, _ message: String) {
        guard failedRules.insert(rule.name).inserted else { return }
        remarks.append(Remark(kind: .condition_failed, text: "\(rule.file):\(rule.line): \(message); the rule did not match", rule: rule.name))
    }

    func describe(_ rule: WatchRule, _ quantity: MeasuredQuantity, _ value: Reading.Value, _ length: TimeSpan?) -> String {
        let unit = quantity.isFlag || quantity.unit == "1" ? "" : " " + quantity.unit
        let time = length.map { " (\(words(for: $0)))" } ?? ""
        return "\(quantity.chinese ?? quantity.code) \(value.shown)\(unit)\(time) / \(quantity.english ?? quantity.code) \(value.shown)\(unit)\(time); \(rule.name)"
    }

    /// Every device that has sent nothing of the rule's quantity for its time.
    mutating func sweep(_ ruleNumber: Int, _ now: Instant) {
        let rule = book.rules[ruleNumber]
        guard case .silent(let span) = rule.trigger, let code = rule.quantities?.first, let quantity = quantityNumbers[code] else {
            nextSilent[ruleNumber] = .max
            return
        }
        var next = Int64.max
        for number in active.map({ Int($0) }) {
            for place in devices[number].channels.indices where devices[number].channels[place].quantity == quantity {
                guard let slot = plans[Int(devices[number].channels[place].plan)].firstIndex(of: Int32(ruleNumber)) else { continue }
                let state = devices[number].channels[place].watches[slot]
                guard state.phase != .raised else { continue }
                guard clocks[ruleNumber] - state.since.milliseconds >= span.milliseconds else {
                    next = min(next, state.since.milliseconds + span.milliseconds)
                    continue
                }
                let device = index.devices[number]
                let id = reportID(rule.name, device.id, code, now)
                mark(rule.name, .raised)
                devices[number].channels[place].watches[slot].phase = .raised
                devices[number].channels[place].watches[slot].report = OpenReport(id: id)
                soil(number)
                let quantity = quantities[Int(quantity)]
                raise(
                    Reporter(device: device.id, quantity: code, rule: rule.digest.name), id, rule.report, device, now,
                    description:
                        "\(quantity.chinese ?? code) 已 \(words(for: span)) 无数据 / no \(quantity.english ?? code) for \(words(for: span)); \(rule.name)")
            }
        }
        // Devices that come later are heard later; and nobody who is silent now is silent once more before it was heard.
        nextSilent[ruleNumber] = min(next, clocks[ruleNumber] + span.milliseconds)
    }

    // MARK: Maintenance

    mutating func upkeep(_ number: Int, _ place: Int, _ reading: Reading) {
        let plan = plans[Int(devices[number].channels[place].upkeepPlan)]
        guard !plan.isEmpty, case .number(let value) = reading.value else { return }
        for ruleNumber in plan {
            let rule = book.maintenance[Int(ruleNumber)]
            guard case .amount(let amount, let quantity) = rule.every else { continue }
            let slot = upkeepSlot(number, ruleNumber)
            devices[number].upkeep[slot].state.count(value)
            let state = devices[number].upkeep[slot].state
            guard state.used >= amount, isFree(state, reading.at, rule) else { continue }
            let shown = quantities.first { $0.code == quantity }
            fallDue(
                number, slot, rule, reading.at,
                "\(shown?.chinese ?? quantity) 已累计 \(brief(state.used)) \(shown?.unit ?? "") / \(brief(state.used)) \(shown?.unit ?? "") of \(shown?.english ?? quantity) since the last maintenance; \(rule.name)")
        }
    }

    mutating func upkeepSlot(_ number: Int, _ rule: Int32) -> Int {
        if let known = devices[number].upkeep.firstIndex(where: { $0.rule == rule }) { return known }
        if devices[number].channels.isEmpty, devices[number].upkeep.isEmpty { active.append(Int32(number)) }
        devices[number].upkeep.append((rule, UpkeepState()))
        return devices[number].upkeep.count - 1
    }

    /// Nothing is open for it, or people have ended that without the work long enough ago.
    func isFree(_ state: UpkeepState, _ at: Instant, _ rule: MaintenanceRule) -> Bool {
        guard let report = state.report else { return true }
        return report.endedAt.map { at - $0 >= rule.againAfter } ?? false
    }

    mutating func fallDue(_ number: Int, _ slot: Int, _ rule: MaintenanceRule, _ at: Instant, _ description: String) {
        let device = index.devices[number]
        let id = reportID(rule.name, device.id, "", at)
        mark(rule.name, .raised)
        devices[number].upkeep[slot].state.report = OpenReport(id: id)
        soil(number)
        raise(Reporter(device: device.id, quantity: "", rule: rule.digest.name), id, rule.report, device, at, description: description)
    }

    /// When a rule by date is due at a device; nil: nobody knows, or its task is open.
    func due(_ number: Int, _ ruleNumber: Int32) -> Instant? {
        let rule = book.maintenance[Int(ruleNumber)]
        guard case .time(let span) = rule.every, rule.isAbout(index.devices[number]) else { return nil }
        let state = devices[number].upkeep.first { $0.rule == ruleNumber }?.state
        if let report = state?.report { return report.endedAt.map { $0 + rule.againAfter } }
        if let maintained = state?.maintainedAt { return maintained + span }
        let device = index.devices[number]
        guard let date = device.lastMaintained ?? device.installed else { return nil }
        return rules.site.zone.instant(of: date, second: Self.dueSecond) + span
    }

    mutating func schedule(_ number: Int32) {
        for rule in book.maintenance.indices {
            if let at = due(Int(number), Int32(rule)) { dates.insert(DueDate(at: at, device: number, rule: Int32(rule))) }
        }
    }

    /// When something is due at the earliest without any reading.
    package var nextDue: Instant? { dates.min?.at }

    mutating func openWhatIsDue(at now: Instant, limit: Int) {
        while pending.count < limit, let first = dates.min, first.at <= now {
            dates.removeMin()
            // Meanwhile it was done, or its task is open.
            guard due(Int(first.device), first.rule) == first.at else { continue }
            let slot = upkeepSlot(Int(first.device), first.rule)
            let rule = book.maintenance[Int(first.rule)]
            // Its limits run from now, however long it has been due.
            fallDue(Int(first.device), slot, rule, now, "已到检修日期 / maintenance is due by date; \(rule.name)")
        }
    }
}
