// One per connection, between the HTTP codec and the requests' handlers. It bounds what a client can hold, and it closes
// connections so that the client gets to read its last answer.
//
//   waiting    no request is open: its head must be complete within `head_wait`
//   receiving  a head has come, its body's end has not: `body_wait` bounds the time in which we want bytes and none come
//   answering  the whole request is here, the answer is not out: as long as the daemon needs
//   overrun    the answer is out, the request's end has not come: the rest is read and dropped, up to `overrun_bytes_max`
//   closing    our side is shut; what still comes is dropped until the client shuts its own, `linger` at most
//   closed
//
// In every state a client that doesn't read what we send is cut off after `stall_wait`. On failure the connection is closed
// and the request's handler sees an error where it awaits the body; nothing else notices.

import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// A user event: close at once, whatever is under way.
struct CutOff: Sendable {}

/// Thrown into a request's body when the client took too long.
struct TooSlow: Error {}

final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Phase { case waiting, receiving, answering, overrun, closing, closed }

    private let limits: DoorLimits
    /// Heads read less answers ended.
    private var open = 0
    /// A head was read, and its end not yet.
    private var isReceiving = false
    /// The head of the current answer is out.
    private var answerBegun = false
    /// The current answer said `Connection: close`.
    private var closeAfterAnswer = false
    private var isClosing = false
    private var isClosed = false
    private var outputShut = false

    /// When the phase began that is bounded by a plain time (waiting, overrun, closing).
    private var since: NIODeadline = .now()
    /// A read was asked for and nothing has come yet.
    private var wantsBytes = false
    /// Since when `patience` is running out.
    private var mark: NIODeadline?
    private var patience: TimeAmount
    private var overrunBytes = 0
    private var stalledSince: NIODeadline?
    private var lastWrite: EventLoopFuture<Void>?
    private var closePromises: [EventLoopPromise<Void>] = []
    private var timer: (task: Scheduled<Void>, at: NIODeadline)?

    init(limits: DoorLimits) {
        self.limits = limits
        self.patience = TimeAmount(limits.body_wait)
    }

    private var phase: Phase {
        if isClosed { return .closed }
        if isClosing { return .closing }
        switch (open > 0, isReceiving) {
        case (true, true): return .receiving
        case (true, false): return .answering
        case (false, true): return .overrun
        case (false, false): return .waiting
        }
    }

    // MARK: - What comes in

    func handlerAdded(context: ChannelHandlerContext) {
        since = .now()
        arm(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { finish() }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func read(context: ChannelHandlerContext) {
        wantsBytes = true
        if isReceiving, open > 0, mark == nil {
            mark = .now()
            arm(context)
        }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isClosing {
            take(part)
            if !isReceiving || overrunBytes > limits.overrun_bytes_max { closeNow(context) }
            return
        }
        switch part {
        case .head:
            open += 1
            isReceiving = true
            patience = TimeAmount(limits.body_wait)
            mark = wantsBytes ? .now() : nil
            arm(context)
        case .body(let bytes):
            charge()
            let earned = TimeAmount.nanoseconds(Int64(bytes.readableBytes) * 1_000_000_000 / 1_024)
            patience = min(patience + earned, TimeAmount(limits.body_wait))
            if open == 0 {
                take(part)
                if overrunBytes > limits.overrun_bytes_max { return closeNow(context) }
            }
        case .end:
            isReceiving = false
            mark = nil
            since = .now()
            arm(context)
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        wantsBytes = false
        charge()
        mark = nil
        if isClosing, !isClosed {
            // Nobody reads any more but we.
            context.read()
        } else {
            context.fireChannelReadComplete()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalledSince = context.channel.isWritable ? nil : .now()
        arm(context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is CutOff { return closeNow(context) }
        if let event = event as? ChannelEvent, event == .inputClosed, isClosing {
            return closeNow(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isClosing { return }
        guard open == 0, !isReceiving, let error = error as? HTTPParserError, error != .invalidEOFState else {
            context.fireErrorCaught(error)
            return
        }
        let isTooLarge = error == .headerOverflow
        let fault = DoorFault(
            what: "the request can't be understood",
            why: isTooLarge ? "its header is larger than \(limits.header_bytes_max) bytes a field" : "it is no HTTP/1.1 (\(error))",
            remedy: isTooLarge ? "send fewer and shorter header fields" : "send it again as HTTP/1.1")
        refuse(context, status: isTooLarge ? .requestHeaderFieldsTooLarge : .badRequest, fault)
    }

    // MARK: - What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isClosing {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational {
                answerBegun = true
                closeAfterAnswer = head.headerFields[.connection] == "close"
            }
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            open -= 1
            answerBegun = false
            overrunBytes = 0
            mark = nil
            since = .now()
            let promise = promise ?? context.eventLoop.makePromise(of: Void.self)
            lastWrite = promise.futureResult
            context.write(data, promise: promise)
            if closeAfterAnswer { beginClose(context) } else { arm(context) }
        }
    }

    /// A close waits for what was written before it: the kernel must have it, or the client would see half an answer.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .input:
            context.close(mode: .input, promise: promise)
        case .output, .all:
            if isClosed {
                context.close(mode: mode, promise: promise)
            } else if mode == .all {
                if let promise { closePromises.append(promise) }
                beginClose(context)
            } else {
                beginClose(context)
                promise?.succeed()
            }
        }
    }

    // MARK: - Closing

    /// Shuts our side when everything is out; the connection ends when the client shuts its own, or after `linger`.
    private func beginClose(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        context.flush()
        guard let lastWrite else { return shutOutput(context) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        lastWrite.whenComplete { _ in bound.value.0.shutOutput(bound.value.1) }
    }

    private func shutOutput(_ context: ChannelHandlerContext) {
        guard !isClosed, !outputShut else { return }
        outputShut = true
        since = .now()
        // With nothing left to read from the client there is nothing that could reset the connection under its answer.
        guard isReceiving else { return closeNow(context) }
        context.close(mode: .output, promise: nil)
        arm(context)
        context.read()
    }

    private func closeNow(_ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        isClosing = true
        isClosed = true
        timer?.task.cancel()
        timer = nil
        let promise = context.eventLoop.makePromise(of: Void.self)
        for waiting in closePromises { promise.futureResult.cascade(to: waiting) }
        closePromises = []
        context.close(mode: .all, promise: promise)
    }

    private func finish() {
        isClosing = true
        isClosed = true
        timer?.task.cancel()
        timer = nil
        for waiting in closePromises { waiting.succeed() }
        closePromises = []
    }

    /// Answers in the handler's place and closes.
    private func refuse(_ context: ChannelHandlerContext, status: HTTPResponse.Status, _ fault: DoorFault) {
        let body = ByteBuffer(bytes: fault.json())
        let fields: HTTPFields = [
            .contentType: "application/json", .contentLength: String(body.readableBytes), .connection: "close",
        ]
        context.write(wrapOutboundOut(.head(HTTPResponse(status: status, headerFields: fields))), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        let promise = context.eventLoop.makePromise(of: Void.self)
        lastWrite = promise.futureResult
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
        beginClose(context)
    }

    /// Counts what is read only to be dropped.
    private func take(_ part: HTTPRequestPart) {
        switch part {
        case .head: isReceiving = true
        case .body(let bytes): overrunBytes += bytes.readableBytes
        case .end: isReceiving = false
        }
    }

    // MARK: - Time

    /// Takes from `patience` what has passed since the mark, and sets the mark anew.
    private func charge() {
        guard let start = mark else { return }
        let now = NIODeadline.now()
        patience = patience - (now - start)
        mark = now
    }

    /// When the client's time is up as things stand; nil: it has all the time it wants.
    private var deadline: NIODeadline? {
        let own: NIODeadline? =
            switch phase {
            case .waiting: since + TimeAmount(limits.head_wait)
            case .receiving: mark.map { $0 + patience }
            case .answering, .closed: nil
            case .overrun: since + TimeAmount(limits.linger)
            // Until our side is shut, the client is still reading its answer: only a stall ends that.
            case .closing: outputShut ? since + TimeAmount(limits.linger) : nil
            }
        let stall = stalledSince.map { $0 + TimeAmount(limits.stall_wait) }
        guard let own else { return isClosed ? nil : stall }
        guard let stall else { return own }
        return min(own, stall)
    }

    /// Makes sure that a timer fires no later than the deadline. One that fires too early looks again.
    private func arm(_ context: ChannelHandlerContext) {
        guard let deadline else { return }
        if let timer {
            if timer.at <= deadline { return }
            timer.task.cancel()
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: deadline) { bound.value.0.fired(bound.value.1) }
        timer = (task, deadline)
    }

    private func fired(_ context: ChannelHandlerContext) {
        timer = nil
        guard let deadline else { return }
        guard deadline <= .now() else { return arm(context) }
        switch phase {
        case .waiting, .answering, .overrun, .closing:
            closeNow(context)
        case .receiving:
            if answerBegun || stalledSince != nil {
                closeNow(context)
            } else {
                let fault = DoorFault(
                    what: "the request was given up", why: "its body came too slowly or stopped half-way",
                    remedy: "send it again; a body may pause for \(limits.body_wait) in all")
                refuse(context, status: .requestTimeout, fault)
            }
            context.fireErrorCaught(TooSlow())
        case .closed:
            break
        }
    }
}
