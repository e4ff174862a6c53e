// Looking through a camera.

export const VIEW = {
  view_open: ['Xem trực tiếp', 'Live view'],
  view_title: ['Camera {camera} · {node}', 'Camera {camera} · {node}'],
  view_alt: ['Ảnh trực tiếp của camera {camera}', 'Live picture of camera {camera}'],
  view_live: ['Trực tiếp', 'Live'],
  view_stale: ['Ảnh cũ', 'Not live'],
  view_age: ['ảnh cách đây {n} giây', 'picture of {n} s ago'],
  view_age_long: ['ảnh cách đây {span}', 'picture of {span} ago'],
  view_full: ['Toàn màn hình', 'Full screen'],
  view_snapshot: ['Lưu ảnh', 'Save a picture'],
  view_taking: ['Đang lấy ảnh…', 'Taking the picture…'],
  view_saved: ['Đã lưu {name}. Việc này được ghi vào nhật ký.', 'Saved {name}. It is noted in the audit log.'],
  view_noted: [
    'Người xem, thời gian xem và mỗi lần lưu ảnh được ghi vào nhật ký. Ảnh không lưu trên máy chủ; đầu người được làm mờ.',
    'Who looks, for how long, and every picture that is saved stand in the audit log. The hub keeps no picture; heads are blurred.',
  ],
  view_none: ['Không xem được camera', 'The camera cannot be seen'],
  view_paused: ['Đã dừng xem', 'The view has ended'],
  view_go_on: ['Xem tiếp', 'Go on'],
  view_why_hidden: ['Đã dừng vì trang bị che.', 'Ended because the page was hidden.'],
  view_why_untouched: ['Đã dừng sau 10 phút không thao tác.', 'Ended after 10 minutes without a touch.'],
  view_why_over: ['Hình đã ngừng.', 'The pictures have ended.'],
  view_refused_no_picture: ['camera không có hình', 'the camera gives no picture'],
  view_refused_forbidden: ['thiết bị không cho xem', 'the node forbids it'],
  view_refused_no_camera: ['không còn camera này', 'this camera is gone'],
  view_refused_too_many: ['quá nhiều người đang xem', 'too many are looking'],
  view_problem_node_offline: [
    'Thiết bị ở cổng đang mất kết nối. Xem được khi thiết bị trở lại.',
    'The node at the gate is offline. It can be seen once the node is back.',
  ],
  view_problem_node_revoked: ['Thiết bị này đã bị thu hồi.', 'This node is believed no more.'],
  view_problem_view_forbidden: [
    'Cấu hình của thiết bị không cho xem camera từ xa ([view] enabled).',
    'The configuration of the node forbids that its cameras are looked through ([view] enabled).',
  ],
  view_problem_no_camera: ['Không có camera này tại các điểm của bạn.', 'There is no such camera at your sites.'],
  view_problem_no_picture: [
    'Camera hiện không có hình. Kiểm tra nguồn và cáp mạng của camera.',
    'The camera gives no picture at the moment. Check its power and network cable.',
  ],
  view_problem_no_answer: [
    'Thiết bị không trả lời: đường truyền chậm, chương trình cũ, đồng hồ lệch hơn 20 giây, hoặc chưa tin khóa của máy chủ này.',
    'The node does not answer: its line is slow, its program old, its clock off by more than 20 s, or it does not believe the key of this hub.',
  ],
  view_problem_no_broker: [
    'Máy chủ đang mất kết nối với trạm chuyển tin. Thử lại sau.',
    'The hub has no connection to its broker. Try again later.',
  ],
  view_problem_no_view_key: [
    'Máy chủ chưa có khóa xem camera. Quản trị viên tạo bằng “gatehouse-hub view-key keygen”.',
    'The hub holds no view key. An administrator makes one with "gatehouse-hub view-key keygen".',
  ],
  view_problem_too_many_views: [
    'Quá nhiều người đang xem camera. Đóng bớt, hoặc thử lại sau.',
    'Too many are looking through cameras. Close one, or try again later.',
  ],
  view_problem_too_many_requests: ['Mở quá nhiều lần. Thử lại sau {wait}.', 'Opened too often. Try again in {wait}.'],
} as const;
