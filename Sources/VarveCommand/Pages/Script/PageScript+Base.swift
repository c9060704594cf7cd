extension PageScript {
    /// Numbers, elements, the line near the pointer.
    static let base = #"""
        const data = JSON.parse(document.getElementById("data").textContent);
        const roleNames = ["weight", "first moment", "second moment", "other"];
        const roleClasses = ["weight", "first", "second", "other"];
        const find = (name) => document.getElementById(name);

        /// What a name shows: controls, and marks that turn text around, become visible; a long one loses its middle.
        function shown(text) {
            const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd");
            if (clean.length <= 120) return clean;
            const letters = [...clean];
            return letters.length <= 120 ? clean : letters.slice(0, 60).join("") + "\u2026" + letters.slice(-59).join("");
        }

        function element(namespace, tag, attributes, children) {
            const made = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
            for (const name in attributes) {
                const value = attributes[name];
                if (value === true) made.setAttribute(name, "");
                else if (value !== false && value != null) made.setAttribute(name, value);
            }
            made.append(...children);
            return made;
        }
        const html = (tag, attributes, ...children) => element(null, tag, attributes, children);
        const svg = (tag, attributes, ...children) => element("http://www.w3.org/2000/svg", tag, attributes, children);

        // Numbers, as the command prints them.
        function bytes(count) {
            if (count < 1000) return Math.round(count) + " B";
            let value = count;
            for (const unit of ["kB", "MB", "GB", "TB", "PB"]) {
                value /= 1000;
                if (value < 999.5 || unit === "PB") return value.toFixed(value < 9.95 ? 2 : value < 99.95 ? 1 : 0) + " " + unit;
            }
        }
        const ratio = (value) => value ? value.toFixed(value < 9.995 ? 2 : value < 999.5 ? 1 : 0) + "x" : "-";
        const percent = (share) => (share * 100).toFixed(1) + " %";
        function figure(value) {
            if (value === 0) return "0";
            const size = Math.abs(value);
            if (size >= 0.001 && size < 1000) return value.toFixed(size < 1 ? 4 : 2);
            return value.toExponential(1).replace(/e([+-])(\d)$/, "e$10$2");
        }
        const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
        const plural = (count, noun) => grouped(count) + " " + noun + (count === 1 ? "" : "s");

        /// Sums of tensors.
        class Figures {
            constructor() {
                this.original = this.stored = this.elements = this.weights = this.unchanged = this.error = this.energy = 0;
                this.isLossy = false;
            }
            get bits() { return this.elements ? 8 * this.stored / this.elements : null; }
            get ratio() { return this.stored ? this.original / this.stored : null; }
            get share() { return this.elements ? this.unchanged / this.elements : null; }
            get loss() { return this.isLossy && this.energy > 0 ? this.error / this.energy : null; }
        }

        // A line near the pointer.
        const hint = html("div", { class: "hint", hidden: true });
        document.body.append(hint);
        function showHint(event, lines) {
            hint.replaceChildren(...lines.map((line) => html("div", {}, line)));
            hint.hidden = false;
            const box = hint.getBoundingClientRect();
            const left = Math.min(event.clientX + 14, document.documentElement.clientWidth - box.width - 8);
            const top = event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 18;
            hint.style.left = Math.max(4, left) + "px";
            hint.style.top = Math.max(4, top) + "px";
        }
        const hideHint = () => { hint.hidden = true; };
        addEventListener("scroll", hideHint, { passive: true });

        /// Calls again when the width of an element changes.
        function onWidth(box, body) {
            let width = 0;
            new ResizeObserver(() => {
                if (box.clientWidth === width || !box.clientWidth) return;
                width = box.clientWidth;
                body();
            }).observe(box);
        }

        """#
}
