import Domain
import Testing

@testable import Decisions

/// The lives of a case and of a stage as tables: every state, every event, what comes of it.
@Suite struct CaseLifecycleTests {
    private static let events: [CaseEvent] = [.documents, .suspend, .resume, .withdraw, .migrate]
    private static let table: [(CaseState, String)] = [
        //          documents suspend resume withdraw migrate
        (.open, "take stop . end move"),
        (.suspended, "take . go end move"),
        (.completed, "done done done done done"),
        (.withdrawn, "gone gone gone . gone"),
    ]
    private static let steps: [String: CaseStep] = [
        "take": .takeDocuments, "stop": .suspend, "go": .resume, "end": .withdraw, "move": .migrate, ".": .nothing, "done": .refuse(.completed),
        "gone": .refuse(.withdrawn),
    ]

    @Test func everyEventOfACaseDoesWhatTheTableSays() {
        #expect(Set(Self.table.map(\.0)) == Set(CaseState.allCases) && Set(Self.events) == Set(CaseEvent.allCases))
        for (state, line) in Self.table {
            let words = line.split(separator: " ")
            #expect(words.count == Self.events.count)
            for (event, word) in zip(Self.events, words) { #expect(caseStep(state, event) == Self.steps[String(word)], "\(state), \(event)") }
        }
    }

    private static let stageTable: [(StageState, String)] = [
        //          begin skip finish redo
        (.waiting, "open skipped - -"),
        (.open, "- - done -"),
        (.done, "- - - waiting"),
        (.skipped, "- - - waiting"),
    ]

    @Test func everyEventOfAStageLeadsWhereTheTableSays() {
        #expect(Set(Self.stageTable.map(\.0)) == Set(StageState.allCases))
        for (state, line) in Self.stageTable {
            let words = line.split(separator: " ")
            #expect(words.count == StageEvent.allCases.count)
            for (event, word) in zip(StageEvent.allCases, words) {
                #expect(stageStep(state, event)?.rawValue ?? "-" == String(word), "\(state), \(event)")
            }
        }
    }

    @Test func refusalsSayWhatToDo() {
        let id = CaseID(day: 20_261_122, number: 3)
        #expect(CaseRefusal.completed.reason(id) == "C-20261122-3 is completed and filed: nothing changes it any more; what else is wanted is a new application")
        #expect(CaseRefusal.withdrawn.reason(id) == "C-20261122-3 was withdrawn: nothing changes it any more; who wants it after all sends the application again, under a new id")
    }
}
