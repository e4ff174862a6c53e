// Every text of the page, Vietnamese beside English, so that a translator sees both.

export const LANGUAGES = ['vi', 'en'];

const WORDS = {
  title: ['Cổng ra vào', 'Gates'],
  skip: ['Tới nội dung chính', 'Skip to the content'],
  site: ['Điểm', 'Site'],
  language: ['Ngôn ngữ', 'Language'],
  clock: ['Giờ Việt Nam', 'Time in Viet Nam'],

  link_connecting: ['Đang kết nối', 'Connecting'],
  link_live: ['Trực tiếp', 'Live'],
  link_reconnecting: ['Đang nối lại · số liệu {age}', 'Reconnecting · data from {age}'],
  link_offline: ['Mất kết nối · số liệu {age}', 'Offline · data from {age}'],
  link_offline_bare: ['Mất kết nối', 'Offline'],
  offline_title: ['Không liên lạc được với máy chủ', 'The server cannot be reached'],
  offline_help: [
    'Số liệu dưới đây là của {at} ({age}). Các cổng vẫn đếm và sẽ gửi bù. Kiểm tra mạng của máy này; trang tự nối lại.',
    'The figures below are from {at} ({age}). The gates go on counting and will catch up. Check the network of this '
      + 'device; the page reconnects by itself.',
  ],
  retry: ['Thử lại', 'Try again'],
  error_title: ['Chưa tải được số liệu', 'The figures could not be loaded'],
  error_network: [
    'Không tới được máy chủ. Kiểm tra mạng của máy này và xem gatehouse-hub có đang chạy không. Trang tự thử lại.',
    'The server cannot be reached. Check the network of this device and whether gatehouse-hub is running. The page '
      + 'tries again by itself.',
  ],
  error_answer: [
    'Máy chủ trả lời lỗi: {detail}. Trang tự thử lại; nếu vẫn lỗi, gửi dòng này cho quản trị viên.',
    'The server answered with an error: {detail}. The page tries again by itself; if it stays, send this line to the '
      + 'administrator.',
  ],
  loading: ['Đang tải số liệu…', 'Loading the figures…'],

  empty_title: ['Chưa có cổng nào gửi số liệu', 'No gate has sent anything yet'],
  empty_help: [
    'Cổng hiện ra ở đây ngay khi thiết bị biên gửi sự kiện đầu tiên.',
    'A gate shows up here as soon as its edge node sends its first event.',
  ],
  empty_step_key: ['Tại cổng: xem khóa công khai của thiết bị biên.', 'At the gate: show the public key of the edge node.'],
  empty_step_node: ['Tại máy chủ: đăng ký thiết bị với khóa đó.', 'At the hub: register the node with that key.'],
  empty_step_run: [
    'Tại cổng: chạy thiết bị, rồi đi qua vạch đếm một lần để thử.',
    'At the gate: run the node, then walk over the counting line once to try it.',
  ],

  gates: ['Các cổng', 'Gates'],
  gate: ['Cổng', 'Gate'],
  all_gates: ['Tất cả các cổng', 'All gates'],
  whole_site: ['Toàn điểm', 'Whole site'],
  gates_sum: ['Cộng của {n} cổng', 'Sum of {n} gates'],
  figures_of: ['Số lượt từ 0 giờ hôm nay, {name}', 'Since midnight, {name}'],
  today: ['Hôm nay', 'Today'],
  inside: ['Hiện có', 'Inside now'],
  person: ['Người', 'Persons'],
  vehicle: ['Phương tiện', 'Vehicles'],
  more_out: [
    'Ra nhiều hơn vào {n}: đã có sẵn bên trong trước 0 giờ, hoặc sót lượt vào.',
    '{n} more out than in: inside before midnight already, or an entry was missed.',
  ],
  last_event: ['Sự kiện cuối', 'Last event'],
  zones: ['Khu vực', 'Zones'],
  zone_stale: ['chưa đếm lại từ khi thiết bị khởi động', 'not counted anew since the node started'],
  cameras: ['Camera', 'Cameras'],
  no_cameras: ['Chưa có camera nào báo trạng thái', 'No camera has told its state'],
  camera_up: ['có hình', 'up'],
  camera_down: ['mất hình, đang thử lại', 'down, trying again'],
  camera_failed: ['hỏng, cần người sửa', 'failed, needs a person'],
  camera_ended: ['hết tệp video', 'end of the file'],
  camera_unknown: ['chưa báo trạng thái', 'state not told'],
  since: ['từ {at}', 'since {at}'],

  day_chart: ['Lượt qua hôm nay', 'Passages today'],
  show: ['Xem', 'Show'],
  step: ['Khoảng', 'Step'],
  step_15: ['15 phút', '15 min'],
  step_60: ['1 giờ', '1 hour'],
  chart_help: [
    'Biểu đồ trong ngày. Phím mũi tên trái, phải để xem từng khoảng.',
    'Chart of the day. Use the left and right arrow keys to read each step.',
  ],
  chart_value: ['{from} – {to}: {in} vào, {out} ra', '{from} – {to}: {in} in, {out} out'],
  chart_total: ['Từ 0 giờ: {in} vào, {out} ra', 'Since midnight: {in} in, {out} out'],
  chart_empty: ['Hôm nay chưa có lượt qua nào.', 'No passage today so far.'],
  chart_table: ['Số liệu dạng bảng', 'The same as a table'],
  chart_failed: ['Chưa tải được biểu đồ: {detail}', 'The chart could not be loaded: {detail}'],
  period: ['Khoảng', 'Period'],
  total: ['Tổng', 'Total'],
  in: ['Vào', 'In'],
  out: ['Ra', 'Out'],

  passages: ['Lượt qua gần nhất', 'Latest passages'],
  passages_empty: ['Chưa có lượt qua nào ở đây.', 'No passage here yet.'],
  more: ['Xem thêm', 'Load more'],
  more_loading: ['Đang tải…', 'Loading…'],
  more_end: ['Hết.', 'That is all.'],
  passages_full: ['Trang này giữ {n} lượt gần nhất.', 'This page keeps the latest {n} passages.'],
  more_failed: ['Chưa tải thêm được: {detail}', 'Could not load more: {detail}'],
  confidence: ['tin cậy {p}', '{p} sure'],
  picture_of: ['Ảnh: {class} {direction}, cổng {gate}, lúc {at}', 'Picture: {class} {direction}, gate {gate}, at {at}'],
  picture_waiting: ['Chờ ảnh', 'Picture to come'],
  picture_missing: ['Không có ảnh', 'No picture'],
  going_in: ['đi vào', 'going in'],
  going_out: ['đi ra', 'going out'],
  class_person: ['Người', 'Person'],
  class_bike: ['Xe hai bánh', 'Two-wheeler'],
  class_bicycle: ['Xe đạp', 'Bicycle'],
  class_motorbike: ['Xe máy', 'Motorbike'],
  class_vehicle: ['Xe ô tô', 'Motor vehicle'],
  class_car: ['Xe con', 'Car'],
  class_bus: ['Xe khách', 'Bus'],
  class_truck: ['Xe tải', 'Lorry'],

  plates: ['Biển số', 'Plates'],
  plate: ['Biển số', 'Plate'],
  plates_empty: ['Chưa đọc được biển số nào ở đây.', 'No plate was read here yet.'],
  plates_full: ['Trang này giữ {n} biển số gần nhất.', 'This page keeps the latest {n} plates.'],
  plate_picture: ['Ảnh biển số {plate}, lúc {at}', 'Picture of plate {plate}, at {at}'],
  plate_open: ['Xem cách đọc', 'How it was read'],
  plate_ambiguous: ['Có thể đọc cách khác, cần người xem', 'May be read otherwise, needs a look'],
  plate_watch: ['CẦN CHÚ Ý: giống {key} trong danh sách {list}, {p}', 'WATCHED: resembles {key} of list {list}, {p}'],
  plate_watch_same: ['CẦN CHÚ Ý: {key} có trong danh sách {list}, {p}', 'WATCHED: {key} stands in list {list}, {p}'],
  plate_allow: ['Được phép: giống {key} trong danh sách {list}, {p}', 'May pass: resembles {key} of list {list}, {p}'],
  plate_allow_same: ['Được phép: {key} có trong danh sách {list}, {p}', 'May pass: {key} stands in list {list}, {p}'],
  plate_readings: ['Các cách đọc', 'Readings'],
  plate_glyphs: ['Từng ký tự', 'Sign by sign'],
  plate_glyph: ['{glyph}: {p}', '{glyph}: {p}'],
  plate_glyph_corrected: ['{glyph}: {p}, chọn theo quy tắc biển số', '{glyph}: {p}, chosen by the rules of plates'],
  plate_raw: ['Nhìn thấy', 'As seen'],
  plate_votes: ['Các lần nhìn', 'Looks'],
  plate_vote_time: ['Thời điểm', 'Time'],
  plate_vote_weight: ['Trọng số', 'Weight'],
  plate_vote_sure: ['Tin cậy', 'Sure'],
  plate_matches: ['Giống trong các danh sách', 'Resembles in lists'],
  plate_difference: ['vị trí {place}: danh sách {listed}, đọc {read}', 'place {place}: list {listed}, read {read}'],
  plate_same: ['giống hệt một cách đọc', 'the same as one reading'],
  plate_failed: ['Chưa tải được: {detail}', 'Could not be loaded: {detail}'],
  role_plate: ['Ảnh biển số', 'The plate'],
  role_crop: ['Ảnh phương tiện', 'The vehicle'],
  role_frame: ['Toàn cảnh', 'The whole picture'],
  role_clip: ['Video', 'Video'],
  milliseconds: ['{n} ms', '{n} ms'],

  outcome_read: ['Đã đọc', 'Read'],
  outcome_unknown_kind: ['Không thuộc loại biển Việt Nam nào', 'No kind of Vietnamese plate'],
  outcome_unreadable: ['Không đọc được', 'Unreadable'],
  outcome_not_a_plate: ['Không phải biển số', 'Not a plate'],
  reason_cut_off: ['một phía của biển bị khuất hoặc ngoài hình', 'a side of the plate is hidden or outside the picture'],
  reason_too_unsure: ['{n} ký tự không chắc', '{n} signs are unsure'],
  reason_too_few: ['chỉ thấy {n} ký tự', 'only {n} signs are seen'],
  reason_too_long: ['{n} ký tự, nhiều hơn mọi biển số', '{n} signs, more than on any plate'],
  reason_number: ['chỉ có số, dài hơn biển số (như số điện thoại)', 'digits only, longer than a plate (as a telephone number)'],
  reason_doubtful: ['quá nhiều cách đọc gần như nhau', 'too many readings are about as likely'],
  reason_word: ['chỉ có chữ', 'letters only'],
  reason_unlike: ['không giống biển số: bảng chữ, hoặc biển số trong gương', 'it does not look like a plate: a board, or a plate in a mirror'],
  reason_blank: ['gần như không có ký tự', 'nearly no signs'],
  reason_digits: ['chỉ có số: biển sự kiện, hoặc một hàng của biển khác', 'digits only: of an event, or one row of another plate'],
  reason_code: ['không nơi nào cấp mã {n}', 'nobody issues code {n}'],
  reason_unlikely: ['không loại biển nào khớp đủ rõ', 'no kind of plate fits clearly enough'],

  colour_white: ['nền trắng', 'white'],
  colour_yellow: ['nền vàng', 'yellow'],
  colour_blue: ['nền xanh', 'blue'],
  colour_red: ['nền đỏ', 'red'],
  colour_unknown: ['không rõ màu', 'colour unknown'],

  kind_car: ['Ô tô', 'Car'],
  kind_state_car: ['Ô tô cơ quan nhà nước', 'Car of the state'],
  kind_motorbike_new: ['Mô tô, xê-ri hai chữ', 'Motorbike, two letters'],
  kind_motorbike_old: ['Mô tô, xê-ri chữ và số', 'Motorbike, letter and digit'],
  kind_electric_motorbike: ['Xe máy điện', 'Electric motorbike'],
  kind_state_motorbike: ['Mô tô cơ quan nhà nước', 'Motorbike of the state'],
  kind_special_ld: ['Doanh nghiệp vốn nước ngoài (LD)', 'Company with foreign capital (LD)'],
  kind_special_da: ['Dự án vốn nước ngoài (DA)', 'Foreign-funded project (DA)'],
  kind_special_hc: ['Xe hạn chế phạm vi (HC)', 'Restricted range (HC)'],
  kind_special_kt: ['Doanh nghiệp quân đội (KT)', 'Army company (KT)'],
  kind_special_td: ['Xe thí điểm (TĐ)', 'On trial (TĐ)'],
  kind_special_mk: ['Máy kéo (MK)', 'Tractor (MK)'],
  kind_special_cd: ['Xe máy chuyên dùng (CD)', 'Special-purpose machine (CD)'],
  kind_trailer_r: ['Rơ moóc (R)', 'Trailer (R)'],
  kind_trailer_rm: ['Rơ moóc, sơ mi rơ moóc (RM)', 'Trailer or semi-trailer (RM)'],
  kind_zone_ct: ['Khu kinh tế Cầu Treo (CT)', 'Cầu Treo economic zone (CT)'],
  kind_zone_lb: ['Khu kinh tế Lao Bảo (LB)', 'Lao Bảo economic zone (LB)'],
  kind_temporary: ['Biển tạm thời', 'Temporary plate'],
  kind_diplomatic_ng_car: ['Ô tô ngoại giao (NG)', 'Car of a diplomatic mission (NG)'],
  kind_diplomatic_ng_motorbike: ['Mô tô ngoại giao (NG)', 'Motorbike of a diplomatic mission (NG)'],
  kind_diplomatic_qt_car: ['Ô tô tổ chức quốc tế (QT)', 'Car of an international organisation (QT)'],
  kind_diplomatic_qt_motorbike: ['Mô tô tổ chức quốc tế (QT)', 'Motorbike of an international organisation (QT)'],
  kind_diplomatic_cv_car: ['Ô tô nhân viên sứ quán (CV)', 'Car of a mission’s staff (CV)'],
  kind_diplomatic_cv_motorbike: ['Mô tô nhân viên sứ quán (CV)', 'Motorbike of a mission’s staff (CV)'],
  kind_diplomatic_nn_car: ['Ô tô người nước ngoài (NN)', 'Car of a foreigner (NN)'],
  kind_diplomatic_nn_motorbike: ['Mô tô người nước ngoài (NN)', 'Motorbike of a foreigner (NN)'],
  kind_military_vehicle: ['Xe quân đội', 'Military vehicle'],
  kind_military_motorbike: ['Mô tô quân đội', 'Military motorbike'],
  kind_military_trailer: ['Rơ moóc quân đội', 'Military trailer'],

  trouble: ['Cảnh báo', 'Alerts'],
  trouble_more: ['Xem cả {n} cảnh báo', 'Show all {n} alerts'],
  trouble_fewer: ['Thu gọn', 'Show fewer'],
  node: ['Thiết bị biên', 'Edge node'],
  times: ['{n} lần', '{n} times'],

  trouble_gap: ['Thiếu sự kiện', 'Events are missing'],
  help_gap: [
    'Số đếm có thể thấp hơn thực tế cho tới khi thiết bị gửi bù; tự đóng khi đủ.',
    'Counts may be too low until the node sends them again; closes by itself.',
  ],
  trouble_fork: ['Hai sự kiện mang cùng một số', 'Two events under one number'],
  help_fork: [
    'Khóa của thiết bị bị sao chép hoặc bộ nhớ bị đặt lại. Báo quản trị viên trước khi tin số đếm của thiết bị này.',
    'The key of the node was copied or its memory reset. Call the administrator before trusting its counts.',
  ],
  trouble_id_reused: ['Mã sự kiện bị dùng lại', 'An event identity came twice'],
  trouble_broken_chain: ['Chuỗi sự kiện bị đứt', 'The chain of events is broken'],
  trouble_bad_signature: ['Chữ ký không đúng', 'A signature is wrong'],
  help_key: [
    'Có người giả làm thiết bị này, hoặc khóa đã đổi mà chưa đăng ký. Báo quản trị viên.',
    'Somebody poses as this node, or its key changed and was not registered. Call the administrator.',
  ],
  trouble_unknown_node: ['Thiết bị chưa đăng ký', 'Unknown node'],
  help_unknown_node: [
    'Số liệu của nó không được nhận. Đăng ký thiết bị nếu là của bạn.',
    'What it sends is refused. Register the node if it is yours.',
  ],
  trouble_misplaced: ['Thiết bị gửi nhầm điểm', 'A node speaks for another site'],
  trouble_unreadable: ['Bản tin không đọc được', 'A message cannot be read'],
  trouble_bad_number: ['Số thứ tự không hợp lệ', 'An event number is out of range'],
  trouble_unstorable: ['Sự kiện không lưu được', 'An event cannot be stored'],
  help_setup: [
    'Kiểm tra cấu hình và phiên bản chương trình của thiết bị.',
    'Check the configuration and the program version of the node.',
  ],
  trouble_camera_down: ['Camera mất hình', 'A camera is down'],
  help_camera_down: [
    'Cổng không đếm bằng camera này. Thiết bị đang tự thử lại; kiểm tra nguồn và cáp mạng.',
    'The gate does not count with it. The node keeps trying; check its power and network cable.',
  ],
  trouble_camera_failed: ['Camera hỏng', 'A camera has failed'],
  help_camera_failed: [
    'Thiết bị đã thôi thử lại. Cần người kiểm tra camera và mật khẩu.',
    'The node has stopped trying. Somebody must look at the camera and its password.',
  ],
  trouble_node_offline: ['Thiết bị biên mất kết nối', 'An edge node is offline'],
  help_node_offline: [
    'Cổng vẫn tự đếm và sẽ gửi bù; số liệu ở đây đang dừng.',
    'The gate goes on counting and will catch up; the figures here stand still.',
  ],
  trouble_clock: ['Đồng hồ của thiết bị không tin được', 'The clock of a node cannot be trusted'],
  help_clock: [
    'Giờ của các lượt qua có thể sai. Kiểm tra dịch vụ đồng bộ giờ của thiết bị.',
    'Times of passages may be wrong. Check the time service of the node.',
  ],
  trouble_other: ['Cần xem xét', 'Needs a look'],
};

/** The texts in one language: `t(key, values)`. A key that nobody wrote is a mistake of ours and shows as itself. */
export function wordsOf(language) {
  const place = Math.max(0, LANGUAGES.indexOf(language));
  return (key, values = {}) => {
    const pair = Object.hasOwn(WORDS, key) ? WORDS[key] : null;
    return pair ? fill(pair[place], values) : key;
  };
}

/** The text of a name that came from outside, `key_name`; a name that nobody translated shows as itself. */
export function named(t, key, name) {
  const whole = `${key}_${name}`;
  return Object.hasOwn(WORDS, whole) ? t(whole) : name;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const ALL_WORDS = WORDS;
