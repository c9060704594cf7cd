import ArgumentParser
import Varve

/// What is wrong with a call, where the parser says it less plainly.
enum UsageAdvice {
    /// Commands by name, without those that help does not show.
    private static var commands: [String] {
        VarveTool.configuration.subcommands.filter { $0.configuration.shouldDisplay }.compactMap {
            $0.configuration.commandName
        }
    }

    /// What is wrong with the command's name, if anything is.
    static func unknownCommand(_ arguments: [String]) -> String? {
        guard let first = arguments.first, !first.hasPrefix("-") else { return nil }
        let all = VarveTool.configuration.subcommands.compactMap { $0.configuration.commandName }
        var wanted = first
        if first == "help" {
            guard let topic = arguments.dropFirst().first, !topic.hasPrefix("-") else { return nil }
            wanted = topic
        }
        guard !all.contains(wanted), wanted != "help" else { return nil }
        let known = commands
        let near = known.map { ($0, distance($0, wanted)) }.min { $0.1 < $1.1 }
        if let near, near.1 <= max(1, wanted.count / 3) {
            return "there is no command \"\(wanted)\"; did you mean \"\(near.0)\"?"
        }
        return "there is no command \"\(wanted)\"; there are \(known.joined(separator: ", "))"
    }

    /// Where a negative number was taken for an option.
    static func negativeNumber(_ arguments: [String]) -> String? {
        for (option, value) in zip(arguments, arguments.dropFirst())
        where option.hasPrefix("--") && value.hasPrefix("-") && Double(value) != nil {
            let text = "\(option): \(value) is negative"
            guard option == "--step" || option == "--steps", let last = Int(value.dropFirst()) else { return text }
            return text + "; all steps up to \(last) are 0-\(last)"
        }
        return nil
    }

    /// Letters to change, add, leave out or exchange with the next one.
    private static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left), b = Array(right)
        var rows = [[Int](0...b.count)]
        for i in 1...max(1, a.count) where i <= a.count {
            var row = [i]
            for j in 1...max(1, b.count) where j <= b.count {
                var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, rows[i - 2][j - 2] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
