package import Domain
import Rules

/// A device as people look at it: what it shows, and what the rules that watch it make of that.
package struct DeviceLook: Sendable {
    package struct Shown: Sendable, Hashable {
        package var quantity: MeasuredValue
        package var at: Instant
    }

    /// A value with its unit.
    package struct MeasuredValue: Sendable, Hashable {
        package var code: String
        package var value: Reading.Value
        package var unit: String
    }

    /// A rule that is not quiet.
    package struct Watched: Sendable, Hashable {
        package var rule: String
        package var quantity: String
        package var phase: WatchPhase
        /// From which reading on.
        package var since: Instant
        package var report: String?
        package var tasks: [TaskID]
    }

    package struct Upkeep: Sendable, Hashable {
        package var rule: String
        /// What has been added since the last maintenance, and what it is due at; nil of rules by date.
        package var used: Double?
        package var every: Double?
        /// nil: not by date, or its task is open.
        package var due: Instant?
        package var tasks: [TaskID]
    }

    package var device: DeviceID
    package var kind: String
    package var transformer: TransformerID?
    package var feeder: FeederID?
    package var district: DistrictID?
    package var shown: [Shown]
    package var watched: [Watched]
    package var upkeep: [Upkeep]

    /// `device, kind, transformer, feeder, district, readings[{quantity,value,unit,at}], watched[{rule,quantity,state,since,report,tasks}],
    /// maintenance[{rule,used,every,due,tasks}]`
    package func json(zone: TimeZoneRules) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { json in
            json.field("device", device.rawValue)
            json.field("kind", kind)
            json.field("transformer", transformer?.rawValue)
            json.field("feeder", feeder?.rawValue)
            json.field("district", district?.rawValue)
            Self.write(shown, zone, &json)
            json.key("watched")
            json.array { list in
                for one in watched {
                    list.object { json in
                        json.field("rule", one.rule)
                        json.field("quantity", one.quantity)
                        json.field("state", one.phase.rawValue)
                        json.field("since", one.since.rfc3339(in: zone))
                        json.field("report", one.report)
                        json.key("tasks")
                        json.array { for task in one.tasks { $0.string(task.description) } }
                    }
                }
            }
            json.key("maintenance")
            json.array { list in
                for one in upkeep {
                    list.object { json in
                        json.field("rule", one.rule)
                        if let used = one.used {
                            json.key("used")
                            json.double(used)
                        }
                        if let every = one.every {
                            json.key("every")
                            json.double(every)
                        }
                        json.field("due", one.due?.rfc3339(in: zone))
                        json.key("tasks")
                        json.array { for task in one.tasks { $0.string(task.description) } }
                    }
                }
            }
        }
        return writer.bytes
    }

    /// `readings[{quantity,value,unit,at}]`
    static func write(_ shown: [Shown], _ zone: TimeZoneRules, _ json: inout JSONWriter) {
        json.key("readings")
        json.array { list in
            for one in shown {
                list.object { json in
                    json.field("quantity", one.quantity.code)
                    json.key("value")
                    switch one.quantity.value {
                    case .number(let number): json.double(number)
                    case .flag(let flag): json.bool(flag)
                    }
                    json.field("unit", one.quantity.unit)
                    json.field("at", one.at.rfc3339(in: zone))
                }
            }
        }
    }
}

extension Telemetry {
    /// How many devices have shown anything.
    package var deviceCount: Int { active.count }

    /// A device that is registered; nil: there is none of that name.
    package func look(at id: DeviceID) -> DeviceLook? { index.number(of: id).map { look($0) } }

    /// Devices that have shown something, in byte order of their names: those at which a rule is not quiet, or all.
    package func looks(all: Bool, limit: Int) -> [DeviceLook] {
        var result: [DeviceLook] = []
        for number in active.sorted() where result.count < limit {
            let look = look(Int(number))
            if all || !look.watched.isEmpty || look.upkeep.contains(where: { !$0.tasks.isEmpty }) { result.append(look) }
        }
        return result
    }

    private func look(_ number: Int) -> DeviceLook {
        let device = index.devices[number]
        var look = DeviceLook(
            device: device.id, kind: device.kind, transformer: device.transformer, feeder: device.feeder, district: device.district, shown: [], watched: [],
            upkeep: [])
        for channel in devices[number].channels {
            let quantity = rules.site.quantities[Int(channel.quantity)]
            look.shown.append(
                DeviceLook.Shown(quantity: DeviceLook.MeasuredValue(code: quantity.code, value: channel.value, unit: quantity.unit), at: channel.at))
            for (slot, state) in channel.watches.enumerated() where state.phase != .quiet {
                let rule = book.rules[Int(plans[Int(channel.plan)][slot])]
                // A silent rule counts on a clock of its own: what people want is when the device was heard last.
                let since: Instant = if case .silent = rule.trigger { channel.at } else { state.since }
                look.watched.append(
                    DeviceLook.Watched(
                        rule: rule.name, quantity: quantity.code, phase: state.phase, since: since, report: state.report?.id, tasks: state.report?.tasks ?? []))
            }
        }
        look.shown.sort { $0.quantity.code < $1.quantity.code }
        for ruleNumber in book.maintenance.indices where book.maintenance[ruleNumber].isAbout(device) {
            let rule = book.maintenance[ruleNumber]
            let state = devices[number].upkeep.first { $0.rule == Int32(ruleNumber) }?.state
            let (used, every): (Double?, Double?) = if case .amount(let amount, _) = rule.every { (state?.used ?? 0, amount) } else { (nil, nil) }
            look.upkeep.append(
                DeviceLook.Upkeep(
                    rule: rule.name, used: used, every: every, due: due(number, Int32(ruleNumber)),
                    tasks: state?.report.map { $0.endedAt == nil ? $0.tasks : [] } ?? []))
        }
        return look
    }
}
