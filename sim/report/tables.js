// Tables that are sorted by a click on a head, and parts of the page that open by their name.

const NUMBER = /^[+-]?\$?[\d,.]+ ?(%|pp|c|s|ms|min|h|x)?$/;
const UNITS = { s: 1, ms: 0.001, min: 60, h: 3600 };

function cellValue(cell) {
  const text = cell.textContent.trim();
  if (text === "–" || text === "") return null;
  if (!NUMBER.test(text)) return text;
  const unit = UNITS[text.match(/(ms|min|s|h)$/)?.[0]] ?? 1;
  return unit * parseFloat(text.replace(/[^\d.+-]/g, ""));
}

function compared(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other));
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      const keys = new Map(rows.map((row) => [row, cellValue(row.cells[column])]));
      rows.sort((one, other) => {
        const [mine, theirs] = [keys.get(one), keys.get(other)];
        const unknown = mine === null || theirs === null;
        return (unknown ? 1 : sign) * compared(mine, theirs);
      });
      table.tBodies[0].append(...rows);
    });
  });
}

function openTarget() {
  const name = decodeURIComponent(location.hash.slice(1));
  const target = name && document.getElementById(name);
  for (let each = target || null; each; each = each.parentElement) {
    if (each.tagName === "DETAILS") each.open = true;
  }
  if (target) target.scrollIntoView();
}

document.querySelectorAll("table.sortable").forEach(sortable);
document.documentElement.classList.add("scripted");
addEventListener("hashchange", openTarget);
openTarget();
