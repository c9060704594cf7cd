import Glibc
import Testing

@testable import FileSystem

@Suite struct DirectoryEntryTests {
    /// `readdir` gives an entry as long as its name needs; after the last one of a buffer nothing may be mapped.
    @Test func nothingBehindAnEntryIsRead() throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let memory = try #require(mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        defer { munmap(memory, 2 * page) }
        #expect(mprotect(memory + page, page, PROT_NONE) == 0)
        for name in ["1361", "a", "checkpoint-10", String(repeating: "é", count: 127)] {
            let start = try #require(MemoryLayout<dirent>.offset(of: \.d_name))
            let byteCount = (start + name.utf8.count + 1 + 7) / 8 * 8
            let entry = memory + page - byteCount
            entry.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
            (entry + start).copyMemory(from: Array(name.utf8), byteCount: name.utf8.count)
            #expect(SystemCalls.name(of: UnsafePointer(entry.assumingMemoryBound(to: dirent.self))) == name)
        }
    }
}
