package import Glibc
import FileSystem
import TensorFiles

/// Other programs, and this one again as a child that may die.
package enum Shell {
    package enum End: Equatable, Sendable {
        case exited(Int32)
        case killed(Int32)
    }

    package static func spawn(_ arguments: [String], quiet: Bool = true) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if quiet {
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        }
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let status = posix_spawnp(&process, arguments[0], &actions, nil, words, environ)
        guard status == 0 else {
            throw VarveError(
                .inputOutput, "starting it failed: \(String(cString: strerror(status)))", file: arguments[0])
        }
        return process
    }

    package static func wait(_ process: pid_t) -> End {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal)
    }

    @discardableResult
    package static func run(_ arguments: [String], quiet: Bool = true) throws -> End {
        wait(try spawn(arguments, quiet: quiet))
    }

    /// Copies a directory with times, modes and links.
    package static func copy(_ from: String, to: String) throws {
        guard try run(["cp", "-a", from, to]) == .exited(0) else {
            throw VarveError(.inputOutput, "cp failed", file: from)
        }
    }
}
