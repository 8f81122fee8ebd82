import API
import ArgumentParser
import Domain

struct Crews: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists every crew: on duty or not, what it has in hand, where it is.",
        discussion: """
            PLACE is the crew's last known position, latitude and longitude in degrees; 'base' while none is known; '?' for a crew without either.
            """)

    @Option(help: "Only crews of this department.") var department: String?
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        let body = try await DaemonCalls(daemon).get("/v1/crews", lines: true)
        let lines = body.split(separator: UInt8(ascii: "\n"))
        let crews = try parsedLines(body)
        let wanted = crews.indices.filter { department == nil || crews[$0]["department"]?.string == department }
        guard output.format == .human else {
            for i in wanted { Out.bytes(lines[i] + [0x0A]) }
            return
        }
        for line in CrewTable.lines(wanted.map { crews[$0] }, on: .output) { Out.line(line) }
    }
}

struct OneCrew: AsyncParsableCommand {
    enum Word: String, ExpressibleByArgument, CaseIterable { case on, off, lend, home }

    static let configuration = CommandConfiguration(
        commandName: "crew",
        abstract: "Puts a crew on or off duty; lends it to another district, or calls it home.",
        discussion: """
            The word of its duty holds until the crew's shift changes next; for a crew without a shift, until told otherwise. A crew that comes on \
            duty takes the most urgent task it can do; one that goes off finishes what it has.

            A crew that is lent serves the other district in place of its own, until it is called home; it finishes what it has. Rules of \
            'lending:' do the same by themselves.

            Examples:
              paidan crew north-2 off
              paidan crew reserve-1 on --place 28.01,120.65
              paidan crew north-2 lend longwan
              paidan crew north-2 home
            """)

    @Argument(help: ArgumentHelp("The crew's name in site.yaml.", valueName: "CREW")) var crew: String
    @Argument(help: ArgumentHelp("What it does from here on.", valueName: "on|off|lend|home")) var word: Word
    @Argument(help: ArgumentHelp("With lend: the district that it serves.", valueName: "DISTRICT")) var district: String?
    @Option(help: ArgumentHelp("Where it is now: latitude and longitude in degrees.", valueName: "LAT,LON")) var place: PlaceArgument?
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func validate() throws {
        if word == .lend, district == nil { throw ValidationError("lend to which district? For example: paidan crew \(crew) lend longwan") }
        if word != .lend, let district { throw ValidationError("'\(district)' goes with lend alone; leave it out") }
    }

    func run() async throws {
        var json = JSONWriter()
        json.object {
            $0.field("id", OneTask.inputID())
            switch word {
            case .on, .off: $0.field("on_duty", word == .on)
            case .lend: $0.field("serves", district)
            case .home: $0.field("serves", CrewSignal.home)
            }
            if let place {
                $0.key("place")
                $0.object {
                    $0.field("lat", place.coordinate.latitude)
                    $0.field("lon", place.coordinate.longitude)
                }
            }
        }
        let answer = try await DaemonCalls(daemon).post("/v1/crews/\(DaemonCalls.escaped(crew))", json: json.bytes)
        try answerReceipt(answer.body, output.format, what: "the crew \(crew) was not changed", look: "paidan crews") { receipt in
            let took = receipt.tasks.isEmpty ? "" : ", takes \(receipt.tasks.map(\.description).joined(separator: ", "))"
            let now =
                switch word {
                case .on, .off: "\(word.rawValue) duty"
                case .lend: "serves \(district ?? "")"
                case .home: "serves its own district"
                }
            return "\(crew): \(now)\(took)"
        }
    }
}

/// `28.01,120.65`.
struct PlaceArgument: ExpressibleByArgument {
    let coordinate: Coordinate

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, let latitude = Double(parts[0]), let longitude = Double(parts[1]),
            let coordinate = Coordinate(latitude: latitude, longitude: longitude)
        else { return nil }
        self.coordinate = coordinate
    }
}
