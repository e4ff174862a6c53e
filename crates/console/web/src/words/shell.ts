// The frame around every page: navigation, connection, signing in, states.

export const SHELL = {
  product: ['Gatehouse', 'Gatehouse'],
  skip: ['Tới nội dung chính', 'Skip to the content'],
  nav: ['Các trang', 'Pages'],
  nav_live: ['Trực tiếp', 'Live'],
  nav_counts: ['Số liệu', 'Counts'],
  nav_search: ['Tra cứu', 'Search'],
  nav_desk: ['Trực cổng', 'Gate desk'],
  nav_nodes: ['Thiết bị', 'Nodes'],
  nav_reports: ['Báo cáo', 'Reports'],
  nav_admin: ['Quản trị', 'Administration'],
  nav_wall: ['Màn hình lớn', 'Wall display'],

  settings: ['Tùy chọn', 'Settings'],
  language: ['Ngôn ngữ', 'Language'],
  language_vi: ['Tiếng Việt', 'Tiếng Việt'],
  language_en: ['English', 'English'],
  theme: ['Giao diện', 'Appearance'],
  theme_system: ['Theo máy', 'As the device'],
  theme_light: ['Sáng', 'Light'],
  theme_dark: ['Tối', 'Dark'],
  sound: ['Âm báo', 'Alert sound'],
  sound_on: ['Bật', 'On'],
  sound_off: ['Tắt', 'Off'],
  sign_out: ['Đăng xuất', 'Sign out'],
  plain_page: ['Trang đơn giản', 'Plain page'],
  site: ['Điểm', 'Site'],
  all_sites: ['Tất cả các điểm', 'All sites'],
  gate: ['Cổng', 'Gate'],
  all_gates: ['Tất cả các cổng', 'All gates'],
  close: ['Đóng', 'Close'],

  link_connecting: ['Đang kết nối', 'Connecting'],
  link_live: ['Trực tiếp', 'Live'],
  link_reconnecting: ['Đang nối lại', 'Reconnecting'],
  link_offline: ['Mất kết nối', 'Offline'],
  offline_title: ['Mất kết nối với máy chủ', 'The server cannot be reached'],
  offline_help: [
    'Số liệu dưới đây là của {age}, lúc {at}. Các cổng vẫn làm việc và sẽ gửi bù. Kiểm tra mạng của máy này; trang tự nối lại.',
    'The figures below are from {age}, at {at}. The gates go on working and will catch up. Check the network of this device; the page reconnects by itself.',
  ],
  offline_never: [
    'Chưa nhận được số liệu nào. Kiểm tra mạng của máy này; trang tự nối lại.',
    'No figures have come yet. Check the network of this device; the page reconnects by itself.',
  ],
  caught_up: ['Đã nối lại, không thiếu sự kiện nào', 'Reconnected, no event is missing'],
  reloaded: [
    'Đã nối lại sau thời gian dài, đã tải lại toàn bộ',
    'Reconnected after a long time, everything was loaded again',
  ],
  new_version: ['Máy chủ đã được nâng cấp lên phiên bản {version}.', 'The server was upgraded to version {version}.'],
  reload: ['Tải lại trang', 'Load the page again'],

  loading: ['Đang tải…', 'Loading…'],
  calendar: ['Mở lịch', 'Open the calendar'],
  day_format: ['dd/mm/yyyy', 'dd/mm/yyyy'],
  day_format_wrong: [
    'Không có ngày này. Viết ngày/tháng/năm, ví dụ 21/11/2026.',
    'There is no such day. Write day/month/year, such as 21/11/2026.',
  ],
  moment_format: ['dd/mm/yyyy hh:mm', 'dd/mm/yyyy hh:mm'],
  moment_format_wrong: [
    'Không có thời điểm này. Viết ngày/tháng/năm giờ:phút, ví dụ 21/11/2026 08:30.',
    'There is no such moment. Write day/month/year hour:minute, such as 21/11/2026 08:30.',
  ],
  retry: ['Thử lại', 'Try again'],
  error_title: ['Chưa tải được', 'Could not be loaded'],
  error_network: [
    'Không tới được máy chủ. Kiểm tra mạng của máy này; trang tự thử lại.',
    'The server cannot be reached. Check the network of this device; the page tries again by itself.',
  ],
  error_answer: [
    'Máy chủ trả lời: {detail}. Nếu vẫn lỗi, gửi dòng này cho quản trị viên.',
    'The server answered: {detail}. If it stays, send this line to the administrator.',
  ],
  forbidden_title: ['Bạn chưa có quyền xem phần này', 'You may not see this'],
  forbidden_needs: ['Phần này cần quyền: {needs}.', 'This takes the right to: {needs}.'],
  or: [' hoặc ', ' or '],
  forbidden_help: [
    'Vai trò của bạn: {roles}. Nếu cần cho công việc, đề nghị quản trị an ninh cấp thêm quyền.',
    'Your roles: {roles}. If your work needs it, ask the security administrator for the right.',
  ],
  not_found_title: ['Không có trang này', 'There is no such page'],
  not_found_help: ['Địa chỉ có thể đã cũ hoặc gõ sai.', 'The address may be old or mistyped.'],
  go_live: ['Về trang trực tiếp', 'To the live page'],
  crashed_title: ['Trang gặp lỗi', 'The page has failed'],
  crashed_help: [
    'Tải lại trang. Nếu lỗi lặp lại, gửi dòng dưới cho quản trị viên.',
    'Load the page again. If it fails again, send the line below to the administrator.',
  ],

  sign_in: ['Đăng nhập', 'Sign in'],
  sign_in_help: ['Trung tâm điều hành các cổng', 'Operations centre of the gates'],
  name: ['Tên đăng nhập', 'User name'],
  password: ['Mật khẩu', 'Password'],
  totp: ['Mã xác thực 6 số', 'Six-digit code'],
  totp_help: [
    'Mở ứng dụng xác thực trên điện thoại và nhập mã đang hiện.',
    'Open the authenticator on your phone and enter the code that it shows.',
  ],
  problem_password_wrong: ['Tên hoặc mật khẩu không đúng.', 'The name or the password is wrong.'],
  problem_totp_needed: ['Nhập thêm mã xác thực.', 'Enter the code of the authenticator as well.'],
  problem_totp_wrong: [
    'Mã xác thực không đúng hoặc đã hết hạn. Nhập mã mới nhất.',
    'The code is wrong or has expired. Enter the newest one.',
  ],
  problem_locked: [
    'Tạm khóa vì nhập sai nhiều lần. Thử lại sau {wait}, hoặc nhờ quản trị an ninh mở khóa.',
    'Locked after too many wrong attempts. Try again in {wait}, or have the security administrator unlock the account.',
  ],
  sign_in_elsewhere: ['Đăng nhập bằng {label}', 'Sign in with {label}'],
  elsewhere_refused_there: [
    'Nhà cung cấp danh tính đã dừng việc đăng nhập. Thử lại, hoặc dùng mật khẩu.',
    'The identity provider ended the sign-in. Try again, or use a password.',
  ],
  elsewhere_not_begun: [
    'Việc đăng nhập mất quá lâu, đã dùng rồi, hoặc không bắt đầu từ trình duyệt này. Bấm lại để bắt đầu.',
    'The sign-in took too long, was used already, or was not begun in this browser. Begin again.',
  ],
  elsewhere_provider_away: [
    'Chưa liên lạc được với nhà cung cấp danh tính. Thử lại sau ít phút, hoặc đăng nhập bằng mật khẩu.',
    'The identity provider does not answer at the moment. Try again in a few minutes, or sign in with a password.',
  ],
  elsewhere_token_refused: [
    'Không xác minh được trả lời của nhà cung cấp danh tính. Báo quản trị hệ thống: lý do nằm trong nhật ký.',
    'The answer of the identity provider could not be verified. Tell the system administrator: the audit log has the reason.',
  ],
  elsewhere_no_role: [
    'Tài khoản này chưa được cấp vai trò ở đây. Đề nghị quản trị an ninh.',
    'Nothing that the provider says of you gives a role here. Ask the security administrator.',
  ],
  elsewhere_roles_conflict: [
    'Các vai trò được cấp không được do một người giữ. Đề nghị quản trị an ninh.',
    'The roles that you are given may not be held by one person. Ask the security administrator.',
  ],
  elsewhere_second_factor: [
    'Vai trò của bạn cần lớp xác thực thứ hai. Đăng nhập lại và chọn mức xác thực cao hơn.',
    'Your role takes a second factor. Sign in again with a stronger proof at the provider.',
  ],
  elsewhere_disabled: ['Tài khoản này đã bị khóa.', 'This account is disabled.'],
  elsewhere_no_accounts: [
    'Máy chủ này chưa có người quản trị. Tạo tài khoản đầu tiên trước.',
    'This server has no administrator yet. The first account comes first.',
  ],
  elsewhere_too_many: [
    'Quá nhiều lần thử từ địa chỉ này. Chờ một lát.',
    'Too many attempts from this address. Wait a moment.',
  ],
  elsewhere_failed: [
    'Chưa đăng nhập được. Thử lại, hoặc đăng nhập bằng mật khẩu.',
    'Nobody was signed in. Try again, or sign in with a password.',
  ],
  problem_disabled: ['Tài khoản này đã bị khóa.', 'This account is disabled.'],
  problem_code_wrong: [
    'Mã thiết lập không đúng. Xem dòng in ra khi máy chủ khởi động, hoặc tệp setup-code cạnh dữ liệu.',
    'This is not the set-up code. See what the hub printed when it started, or the file setup-code beside its data.',
  ],
  session_ended: [
    'Phiên làm việc đã hết. Đăng nhập lại để tiếp tục.',
    'The session has ended. Sign in again to go on.',
  ],

  session_ends: [
    'Không có ai thao tác: phiên làm việc sẽ hết lúc {at}.',
    'Nobody has touched this page: the session ends at {at}.',
  ],
  session_stay: ['Làm tiếp', 'Go on working'],

  setup_title: ['Thiết lập lần đầu', 'First set-up'],
  setup_help: [
    'Máy chủ này chưa có người quản trị. Tạo tài khoản đầu tiên; không có mật khẩu mặc định.',
    'This server has no administrator yet. Create the first account; there is no default password.',
  ],
  setup_code: ['Mã thiết lập', 'Set-up code'],
  setup_code_help: [
    'Mã dùng một lần, in ra khi chương trình khởi động và nằm trong tệp cạnh cơ sở dữ liệu.',
    'Used once; printed when the program starts and kept in a file beside its database.',
  ],
  display_name: ['Họ và tên', 'Full name'],
  password_rules: [
    'Ít nhất 12 ký tự, loại nào cũng được; một câu dễ nhớ là tốt nhất.',
    'At least 12 characters of any kind; a sentence is easiest to remember.',
  ],
  password_again: ['Nhập lại mật khẩu', 'Password again'],
  password_differs: ['Hai lần nhập chưa giống nhau.', 'The two are not the same.'],
  setup_create: ['Tạo tài khoản quản trị', 'Create the administrator'],
} as const;
