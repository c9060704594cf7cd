extension PageScript {
    /// The tree of names, and the tensors on it.
    static let tree = #"""
        /// A node of the tree of names. Its tensors are its own, not those of its children.
        class Node {
            constructor(label) {
                this.label = label;
                this.children = [];
                this.tensors = [];
                this.rows = [];
                this.isOpen = false;
            }
            /// The whole name.
            get name() { return this.parent && this.parent.parent ? this.parent.name + "." + this.label : this.label; }
            /// What a line shows of it: names of an only child are part of the line.
            get line() { return shown(this.joined ? this.joined + "." + this.label : this.label); }
            get isLeaf() { return !this.children.length; }
        }

        const tensors = [];
        const nodes = data.names.text.map((text) => new Node(data.strings[text]));
        const root = new Node("");
        nodes.forEach((node, index) => {
            const parent = data.names.parent[index];
            node.parent = parent < 0 ? root : nodes[parent];
            node.parent.children.push(node);
        });

        /// One tensor over all steps.
        function readTensors() {
            const t = data.tensors;
            for (let index = 0; index < t.node.length; index++) {
                const tensor = new Figures();
                tensor.original = t.original[index];
                tensor.stored = t.stored[index];
                tensor.elements = t.elements[index];
                tensor.unchanged = t.unchanged[index];
                tensor.error = t.error[index] || 0;
                tensor.energy = t.energy[index] || 0;
                tensor.isLossy = t.error[index] != null;
                tensor.largest = t.largest[index];
                tensor.role = t.role[index];
                tensor.key = data.strings[t.key[index]];
                tensor.type = data.strings[t.dtype[index]];
                tensor.shape = data.strings[t.shape[index]];
                tensor.coding = data.strings[t.coding[index]];
                tensor.steps = t.steps[index];
                const chain = tensor.elements - t.keyframeElements[index];
                tensor.chainBits = chain > 0 ? 8 * (tensor.stored - t.keyframeStored[index]) / chain : null;
                tensor.node = nodes[t.node[index]];
                tensor.node.tensors.push(tensor);
                tensors.push(tensor);
            }
        }

        /// Numbers in order; all else as it came.
        function sortChildren(node) {
            if (node.children.length > 1 && node.children.every((child) => /^\d{1,9}$/.test(child.label)))
                node.children.sort((one, other) => one.label - other.label);
            node.children.forEach(sortChildren);
        }

        /// A node with one child and nothing of its own is one line with it.
        function join(node) {
            node.children = node.children.map((child) => {
                let inner = child, joined = [];
                while (inner.children.length === 1 && !inner.tensors.length && !inner.rows.length) {
                    joined.push(inner.label);
                    inner = inner.children[0];
                }
                inner.joined = joined.join(".");
                return inner;
            });
            node.children.forEach(join);
        }

        function addUp(node) {
            const sum = node.sum = new Figures();
            const weights = new Figures();
            node.count = node.tensors.length;
            node.byRole = [0, 0, 0, 0];
            const add = (part) => {
                for (const field of ["original", "stored", "elements", "unchanged"]) sum[field] += part[field];
            };
            for (const tensor of node.tensors) {
                add(tensor);
                node.byRole[tensor.role] += tensor.stored;
                if (tensor.role === 0) {
                    weights.error += tensor.error;
                    weights.energy += tensor.energy;
                    weights.isLossy ||= tensor.isLossy;
                }
            }
            for (const child of node.children) {
                addUp(child);
                add(child.sum);
                node.count += child.count;
                child.byRole.forEach((stored, role) => { node.byRole[role] += stored; });
                weights.error += child.sum.error;
                weights.energy += child.sum.energy;
                weights.isLossy ||= child.sum.isLossy;
            }
            // Errors of weights and moments do not add up: those of the weights stand for the layer.
            sum.error = weights.error;
            sum.energy = weights.energy;
            sum.isLossy = weights.isLossy;
        }

        /// Opens nodes level by level while no more than `most` lines result, and a single line in any case.
        function openFirst(top, most, childrenOf) {
            const open = new Set([top]);
            let level = childrenOf(top), lines = level.length;
            while (level.length) {
                const inner = level.flatMap(childrenOf);
                if (!inner.length || (level.length > 1 && lines + inner.length > most)) break;
                level.filter((node) => childrenOf(node).length).forEach((node) => open.add(node));
                lines += inner.length;
                level = inner;
            }
            return open;
        }

        readTensors();
        data.rows?.node.forEach((node, index) => nodes[node].rows.push(index));
        if (!data.rows) data.tensors.node.forEach((node, index) => nodes[node].rows.push(index));
        sortChildren(root);
        join(root);
        addUp(root);

        """#
}
