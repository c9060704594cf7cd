import Synchronization

extension SystemCalls {
    /// Decides, in tests, the fate of every call, and is told what was done.
    package protocol FaultInjector: Sendable {
        /// `nil` lets the call through; a value makes it fail with that errno. EINTR is asked for again, as the system is.
        /// An injector may also end the process here: nothing of the call has happened yet.
        func errorNumber(for call: Name, path: String) -> Int32?
        /// The most bytes this write may take, `nil` for no limit.
        func shortWrite(path: String, count: Int) -> Int?
        /// The most bytes this read may give, `nil` for no limit.
        func shortRead(path: String, count: Int) -> Int?
        /// A call has done its work and is about to return.
        func performed(_ call: Name, path: String, _ effect: Effect)
    }

    /// What a call that succeeded did, as far as a disk would have to keep it.
    package enum Effect {
        /// Nothing beyond what name and path of the call say.
        case plain
        case opened(descriptor: Int32, flags: Int32, mode: UInt32)
        /// The bytes are there only as long as `performed` runs.
        case written(descriptor: Int32, offset: UInt64, bytes: UnsafeRawBufferPointer)
        case resized(descriptor: Int32, byteCount: UInt64)
        case synced(descriptor: Int32)
        case closed(descriptor: Int32)
        /// The path is the new name.
        case renamed(from: String)
        case linked(to: String)
        case linkedSymbolically(target: String)
    }
}

extension SystemCalls.FaultInjector {
    package func shortWrite(path: String, count: Int) -> Int? { nil }
    package func shortRead(path: String, count: Int) -> Int? { nil }
    package func performed(_ call: SystemCalls.Name, path: String, _ effect: SystemCalls.Effect) {}
}

extension SystemCalls {
    /// How many injectors there are, of the process and of tasks: all that a call looks at where there is none.
    private static let injectors = Atomic<Int>(0)
    private static let installed = Mutex<(any FaultInjector)?>(nil)
    /// The injector of a task and its children, beside that of the process. Set by `withInjector`.
    @TaskLocal private static var taskInjector: (any FaultInjector)?

    /// Installs or, with `nil`, removes the injector of the process. For tests.
    package static func install(_ injector: (any FaultInjector)?) {
        let former = installed.withLock { current in
            defer { current = injector }
            return current
        }
        if injector != nil, former == nil { injectors.wrappingAdd(1, ordering: .sequentiallyConsistent) }
        if injector == nil, former != nil { injectors.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    }

    /// Runs `body` with an injector that only its own calls and those of its child tasks ask. For tests.
    package static func withInjector<Result>(
        _ injector: any FaultInjector, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        injectors.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { injectors.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        return try await $taskInjector.withValue(injector) { try await body() }
    }

    /// What the first injector that has an opinion says; the task's is asked before the process's.
    @inline(__always)
    static func ask<Answer>(_ question: (any FaultInjector) -> Answer?) -> Answer? {
        guard injectors.load(ordering: .relaxed) > 0 else { return nil }
        return askAll(question)
    }

    @inline(never)
    private static func askAll<Answer>(_ question: (any FaultInjector) -> Answer?) -> Answer? {
        if let answer = taskInjector.flatMap(question) { return answer }
        // Asked outside of the lock: an injector may end the process or wait.
        return installed.withLock({ $0 }).flatMap(question)
    }

    /// The errno a test wants for this call, if any.
    @inline(__always)
    static func injected(_ call: Name, _ path: String) -> Int32? { ask { $0.errorNumber(for: call, path: path) } }

    /// Tells the injectors of a call that succeeded.
    @inline(__always)
    static func report(_ call: Name, _ path: String, _ effect: @autoclosure () -> Effect) {
        _ = ask { (injector) -> Never? in
            injector.performed(call, path: path, effect())
            return nil
        }
    }
}
