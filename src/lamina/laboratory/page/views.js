// The views of the lab, in the order of their tabs. A view is {name, title, mount(root)}; `mount` returns what to call
// when the view is left, or nothing. A view that is `timeless` shows no step of the training, and no bar.

import { view as code } from "lab/code.js";
import { view as lesson } from "lab/lesson.js";
import { view as mistakes } from "lab/mistakes.js";
import { view as numbers } from "lab/numbers.js";
import { view as slopes } from "lab/slopes.js";
import { view as step } from "lab/step.js";
import { view as train } from "lab/train.js";

export const VIEWS = [lesson, step, train, mistakes, code, slopes, numbers];
