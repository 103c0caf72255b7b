import { baseStyle } from './base.js';
import { galleryStyle } from './gallery.js';
import { headStyle } from './head.js';
import { runStyle } from './run.js';
import { theatreStyle } from './theatre.js';

/** The style of the whole page. */
export const pageStyle = [baseStyle, headStyle, galleryStyle, runStyle, theatreStyle].join('');
