import Domain
package import Rules

extension MadeUpCity {
    /// The city's rule files: the modules as they ship, `site.yaml` with the city's own districts, crews and network in place of its examples, and its registers.
    package func ruleSource() throws(CityFault) -> RuleSource {
        let site = try siteText(shipped: ShippedRules.text(.site))
        var files = ShippedRules.allCases.map { module in
            RuleSource.File(name: "\(module.rawValue).yaml", bytes: module == .site ? Array(site.utf8) : ShippedRules.bytes(module))
        }
        // Account managers look after districts, and the city has its own.
        if let place = files.firstIndex(where: { $0.name == "customers.yaml" }) {
            files[place].bytes = Array(try Self.replacing("account_managers", by: managerLines, in: ShippedRules.text(.customers)).utf8)
        }
        let registers = [("network.csv", networkText()), ("devices.csv", deviceText())]
        return RuleSource(files: files + registers.map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) })
    }

    func siteText(shipped: String) throws(CityFault) -> String {
        var text = shipped
        for (section, body) in [("districts", districtLines), ("crews", crewLines), ("network", ["network: network.csv"])] {
            text = try Self.replacing(section, by: body, in: text)
        }
        return text
    }

    private var districtLines: [String] {
        ["districts:"]
            + districts.map {
                "  \($0.id): { zh: \($0.chinese), en: \($0.english), lat: \($0.centre.latitude), lon: \($0.centre.longitude), site: \($0.site) }"
            }
    }

    private var crewLines: [String] {
        var lines = ["crews:"]
        for crew in crews {
            lines.append("  \(crew.id):")
            lines.append("    name: \(crew.name)")
            lines.append("    department: \(crew.department)")
            // Reserves and metering crews serve the whole city.
            if crew.shift != .reserve, crew.department == "operations" { lines.append("    district: \(districts[crew.district].id)") }
            lines.append("    base: { lat: \(crew.base.latitude), lon: \(crew.base.longitude) }")
            lines.append("    skills: [\(crew.skills.joined(separator: ", "))]")
            if crew.shift != .reserve { lines.append("    shift: \(crew.shift.rawValue)") }
            lines.append("    capacity: \(crew.capacity)")
        }
        return lines
    }

    private var managerLines: [String] {
        let half = districts.count / 2
        func list(_ districts: some Sequence<District>) -> String { districts.map(\.id.rawValue).joined(separator: ", ") }
        return [
            "account_managers:",
            "  am-1: { name: 王芳, department: marketing, districts: [\(list(districts))], customers: 60, deputy: am-2 }",
            "  am-2: { name: 李强, department: marketing, districts: [\(list(districts.prefix(half)))], customers: 60, deputy: am-1 }",
        ]
    }

    func networkText() -> String {
        var text = "transformer,feeder,district,lat,lon,customers\n"
        for area in areas {
            text += "\(area.transformer),\(area.feeder),\(districts[area.district].id),\(area.coordinate.latitude),\(area.coordinate.longitude),\(area.customers)\n"
        }
        return text
    }

    /// A switch for every feeder, a fan and a sensor for the transformer that is watched.
    private func deviceText() -> String {
        var text = "device,kind,transformer,feeder,district,installed,last_maintained\n"
        for feeder in Set(areas.map(\.feeder)).sorted(by: { $0.rawValue < $1.rawValue }) {
            text += "SW-\(feeder),switch,,\(feeder),,2019-04-08,2025-10-14\n"
        }
        text += "FAN-\(watched.transformer),fan,\(watched.transformer),,,2021-06-02,\n"
        return text + "PD-\(watched.transformer),sensor,\(watched.transformer),,,2024-03-11,2026-03-09\n"
    }

    /// The area whose transformer sends its load.
    var watched: Area { areas.first { districts[$0.district].id.rawValue == "works" } ?? areas[0] }

    /// Replaces a section of a module: from its key at the left margin to the next line that stands there.
    package static func replacing(_ section: String, by body: [String], in text: String) throws(CityFault) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix(section + ":") }) else {
            throw CityFault("the shipped site.yaml has no section '\(section)'; the city needs one to put its own in its place")
        }
        let rest = lines[(start + 1)...]
        let end = rest.firstIndex { line in line.first.map { $0 != " " && $0 != "\r" } ?? false } ?? lines.endIndex
        // Comments just before the next section belong to it.
        return (lines[..<start] + body.map { $0[...] } + [""] + lines[end...]).joined(separator: "\n")
    }
}

/// The rule files that ship with the program, built into it.
package enum ShippedRules: String, CaseIterable, Sendable {
    case calendar, complaints, connections, contractors, customers, escalations, faults, monitoring
    case planned_outages = "planned-outages"
    case site, texts

    package static func bytes(_ module: ShippedRules) -> [UInt8] {
        switch module {
        case .calendar: PackageResources.calendar_yaml
        case .complaints: PackageResources.complaints_yaml
        case .connections: PackageResources.connections_yaml
        case .contractors: PackageResources.contractors_yaml
        case .customers: PackageResources.customers_yaml
        case .escalations: PackageResources.escalations_yaml
        case .faults: PackageResources.faults_yaml
        case .monitoring: PackageResources.monitoring_yaml
        case .planned_outages: PackageResources.planned_outages_yaml
        case .site: PackageResources.site_yaml
        case .texts: PackageResources.texts_yaml
        }
    }

    package static func text(_ module: ShippedRules) -> String { String(decoding: bytes(module), as: UTF8.self) }
}
