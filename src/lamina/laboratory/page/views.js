// The views of the lab, in the order of their tabs. A view is {name, title, mount(root)}; `mount` returns what to call
// when the view is left, or nothing.

import { view as lesson } from "lab/lesson.js";
import { view as numbers } from "lab/numbers.js";
import { view as slopes } from "lab/slopes.js";

export const VIEWS = [lesson, slopes, numbers];
