import ChainArchive
import FileSystem
import Testing

@Suite struct PartShareTests {
    @Test func namesTellTheShare() throws {
        let share = try #require(PartShare(index: 3, count: 16))
        let hash = Hash128(high: 0x5f0c_2a9d_1e77_b364, low: 1)
        for content in PartShare.Content.allCases {
            let receipt = try #require(PartShare.named(share.receiptName(content)))
            #expect(receipt.share == share && receipt.content == content && receipt.isReceipt)
            let name = share.partName(content, hash)
            for file in [name, ArchiveLayout.parityName(of: name)] {
                let part = try #require(PartShare.named(file))
                #expect(part.share == share && part.content == content && !part.isReceipt)
            }
        }
        #expect(share.receiptName(.tensors) == "0003-of-0016.receipt")
        #expect(share.partName(.payload, hash) == "0003-of-0016-payload-5f0c2a9d1e77b364.part")
    }

    @Test(arguments: [
        "0000.part", "0000.parity", "step.manifest", "0003-of-0016.part", "3-of-16.receipt", "0016-of-0016.receipt",
        "0003-of-0016-5f0c.part", "0003-of-0016-5F0C2A9D1E77B364.part", "0003-of-0016-payload.part", "-of-.receipt",
        "0003-of-0016-5f0c2a9d1e77b364.receipt", "0000-of-0000.receipt", "00003-of-0016.receipt", ".receipt",
    ])
    func otherNamesAreNoWorkers(name: String) {
        #expect(PartShare.named(name) == nil)
    }

    @Test func thereIsNoPartBeyondTheLast() {
        #expect(PartShare(index: 4, count: 4) == nil)
        #expect(PartShare(index: -1, count: 4) == nil)
        #expect(PartShare(index: 0, count: 0) == nil)
        #expect(PartShare(index: 0, count: PartShare.mostParts + 1) == nil)
    }
}
