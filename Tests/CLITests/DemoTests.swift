import Synchronization
import Testing

@testable import City
import Domain

/// The demo is a claim about the product: it must hold for more than the seed that is shown.
@Suite("The demo")
struct DemoTests {
    private final class Listener: Sendable {
        private let heard = Mutex<[StoryLine]>([])
        func tell(_ line: StoryLine) { heard.withLock { $0.append(line) } }
        var lines: [StoryLine] { heard.withLock { $0 } }
    }

    private func day(_ seed: UInt64) throws -> (outcome: Demo.Outcome, story: [StoryLine]) {
        let folder = try Files.temporaryFolder("paidan-demo-test")
        defer { Files.remove(folder) }
        let listener = Listener()
        var demo = try Demo(seed: seed, folder: folder) { listener.tell($0) }
        let outcome = try demo.run()
        // The folder's name is the only thing that differs between two runs.
        return (outcome, listener.lines.map { line in
            var line = line
            if let place = line.text.firstRange(of: folder) { line.text.removeSubrange(place) }
            return line
        })
    }

    @Test("every seed's day ends with the books right, and tells what the product does", arguments: [1, 4])
    func days(seed: UInt64) throws {
        let (outcome, story) = try day(seed)
        #expect(outcome.faults == [])
        #expect(outcome.tasks + outcome.joined + outcome.answered == outcome.reports + outcome.own + outcome.suggested)
        #expect(outcome.own == 2 && outcome.suggested == 1 && outcome.answered >= 2 && outcome.joined > 0 && outcome.cases == 3)
        // Planned work, a customer in tiers, a contractor, a shortage, crews that are lent.
        #expect(story.contains { $0.tag == .rule && $0.text.contains("is answered: planned work o-1") })
        #expect(story.contains { $0.tag == .rule && $0.text.contains("tier: none → vip") })
        #expect(story.contains { $0.tag == .rule && $0.text.contains("energy_saving_proposal") })
        #expect(story.contains { $0.tag == .sent && $0.text.contains("the contractor c-") })
        #expect(story.contains { $0.tag == .report && $0.text.contains("with room: harbour") })
        #expect(story.contains { $0.tag == .rule && $0.text.contains("is lent to") })
        #expect(story.contains { $0.tag == .waits && $0.text.contains("asks for all that is missing, once (property)") })
        #expect(story.contains { $0.tag == .late && $0.text.contains("completion_inspection → customer_works") })
        #expect(story.count { $0.tag == .rule && $0.text.contains("is completed and filed") } == 3)
        #expect(story.contains { $0.tag == .report && $0.text.contains("no caller, its readings say so") })
        for tag in StoryLine.Tag.allCases where tag != .bad { #expect(story.contains { $0.tag == tag }, "nothing is told under '\(tag)'") }
        #expect(!story.contains { $0.tag == .bad })
        #expect(story.contains { $0.text.contains("error[unknown-field]: 'report' has no field 'catgory'; did you mean 'category'?") })
        #expect(story.contains { $0.tag == .crash && $0.text.contains("each as it was") })
        #expect(story.contains { $0.tag == .late && $0.text.contains("has not answered") })
        #expect(story.contains { $0.tag == .sent && $0.text.contains("is free: takes") })
        #expect(story.contains { $0.tag == .rule && $0.text.hasPrefix("complaints.yaml:") && $0.text.contains("answer_inquiry") })
        #expect(story.count < 160, "a story of \(story.count) lines is not read")
    }

    @Test("the same seed tells the same story")
    func deterministic() throws { #expect(try day(2).story == day(2).story) }
}
